#!/usr/bin/env python3
"""Makes server/assets/picture-face.ttf, the face of pictures that the server draws.

    npm pack pretendard@1.3.9 && tar xzf pretendard-1.3.9.tgz
    pip install fonttools
    deploy/picture-face.py package/dist/public/static/alternative/Pretendard-Regular.ttf server/assets/picture-face.ttf

Takes Pretendard (SIL Open Font License 1.1; its Latin is Inter's) and keeps Latin, Greek and Cyrillic letters, the 2,350 syllables of KS X 1001,
punctuation, arrows and signs, without hinting and layout tables. Digits become the tabular ones, so that columns of numbers line up. The subset has
another name than the original, as the licence asks of changed versions.
"""
import sys

from fontTools import subset
from fontTools.ttLib import TTFont

SOURCE, TARGET = sys.argv[1:3]


def wanted():
    ranges = [(0x20, 0x7E), (0xA0, 0x17F), (0x370, 0x3FF), (0x400, 0x45F), (0x2010, 0x203E), (0x2070, 0x209C),
              (0x20A0, 0x20BF), (0x2100, 0x214F), (0x2190, 0x21FF), (0x2200, 0x22FF), (0x25A0, 0x25FF),
              (0x3000, 0x3011), (0x3131, 0x318E)]
    points = {point for first, last in ranges for point in range(first, last + 1)}
    for high in range(0xB0, 0xC9):
        for low in range(0xA1, 0xFF):
            points.add(ord(bytes([high, low]).decode("euc_kr")))
    return points


def tabular(font):
    """What the feature `tnum` puts in the place of glyphs."""
    gsub, swaps = font["GSUB"].table, {}
    for record in gsub.FeatureList.FeatureRecord:
        if record.FeatureTag == "tnum":
            for index in record.Feature.LookupListIndex:
                for table in gsub.LookupList.Lookup[index].SubTable:
                    swaps.update(getattr(getattr(table, "ExtSubTable", table), "mapping", {}))
    return swaps


font = TTFont(SOURCE, recalcTimestamp=False)
swaps = tabular(font)
for table in font["cmap"].tables:
    for digit in range(0x30, 0x3A):
        if table.cmap.get(digit) in swaps:
            table.cmap[digit] = swaps[table.cmap[digit]]
options = subset.Options(hinting=False, layout_features=[], name_IDs=[0, 13, 14], notdef_outline=True, recalc_timestamp=False)
options.drop_tables += ["GSUB", "GPOS", "GDEF", "BASE", "VORG", "DSIG", "vhea", "vmtx", "STAT"]
maker = subset.Subsetter(options)
maker.populate(unicodes=wanted())
maker.subset(font)
for record_id in (1, 4, 6):
    font["name"].setName("CrowsnestPictureFace", record_id, 3, 1, 0x409)
font.save(TARGET)
