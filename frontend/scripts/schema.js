// What the editor knows of the fields of an object: completion, what a field is when the pointer is over it, and marks under fields
// that there are not. It comes from the API server's own description of a group (OpenAPI v3), asked for when a text names one.
import { autocompletion } from "@codemirror/autocomplete";
import { Decoration, ViewPlugin, hoverTooltip } from "@codemirror/view";

const ITEM = "[]";
// Lines that are looked at above a place; longer texts are known around their beginning only.
const REACH = 2000;

// Descriptions by `group/version`: null while they are on their way, and where there is none.
const described = new Map();

// The types of an apiVersion; `arrived` is called once they are there.
function typesOf(apiVersion, arrived) {
  // A version that is still being typed is asked for in vain, and browsers note that loudly.
  if (!/^([a-z0-9.-]+\/)?v\d+((alpha|beta)\d+)?$/.test(apiVersion)) {
    return null;
  }
  if (!described.has(apiVersion)) {
    described.set(apiVersion, null);
    const path = apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`;
    fetch(`api/crowsnest/v1/schema/${path}`)
      .then((answer) => (answer.status === 200 ? answer.json() : null))
      .then((answer) => {
        described.set(apiVersion, answer?.components?.schemas ?? null);
        arrived();
      })
      // Without a description it is an editor of text. The next text that is opened asks again.
      .catch(() => described.delete(apiVersion));
  }
  return described.get(apiVersion);
}

// The parts of a line: columns of its dashes, then its key with its column and what stands behind it.
export function parts(text) {
  const dashes = [];
  let at = 0;
  for (;;) {
    at += /^ */.exec(text.slice(at))[0].length;
    if (!/^-( |$)/.test(text.slice(at))) {
      break;
    }
    dashes.push(at);
    at += 1;
  }
  const key = /^("?)([\w.$/-]+)\1:(?: +(.*))?$/.exec(text.slice(at));
  return { dashes, column: at, key: key?.[2], value: key?.[3] ?? "", quote: key?.[1].length ?? 0 };
}

// The names that lead from the root of an object to a column of a line, from outside to inside.
export function pathTo(lineAt, number, column, dashes) {
  const path = [];
  let current = { column, isDash: false };
  const climb = (found) => {
    for (const dash of [...found.dashes].reverse()) {
      if (dash < current.column) {
        path.unshift(ITEM);
        current = { column: dash, isDash: true };
      }
    }
  };
  climb({ dashes });
  for (let above = number - 1; above > 0 && above > number - REACH; above -= 1) {
    const text = lineAt(above);
    if (/^---/.test(text)) {
      break;
    }
    if (/^\s*(#|$)/.test(text)) {
      continue;
    }
    const found = parts(text);
    if (found.key !== undefined) {
      const isAbove = current.isDash ? found.column <= current.column : found.column < current.column;
      if (isAbove) {
        path.unshift(found.key);
        current = { column: found.column, isDash: false };
      }
    }
    climb(found);
  }
  return path;
}

// The type that a schema stands for.
function resolved(types, schema) {
  for (let depth = 0; schema && depth < 8; depth += 1) {
    const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
    if (!reference) {
      return schema;
    }
    schema = types[reference.split("/").pop()];
  }
  return schema;
}

function step(types, schema, name) {
  const type = resolved(types, schema);
  if (name === ITEM) {
    return type?.items;
  }
  return type?.properties?.[name] ?? (typeof type?.additionalProperties === "object" ? type.additionalProperties : undefined);
}

// What the document around a line says of itself, and its types.
function documentAt(state, number, arrived) {
  const line = (at) => state.doc.line(at).text;
  let first = number;
  while (first > 1 && !/^---/.test(line(first))) {
    first -= 1;
  }
  const said = {};
  for (let at = first; at <= state.doc.lines && (at <= number || !/^---/.test(line(at))); at += 1) {
    const match = /^(apiVersion|kind): *"?([\w./-]+)"? *$/.exec(line(at));
    if (match && !said[match[1]]) {
      said[match[1]] = match[2];
    }
    if (said.apiVersion && said.kind) {
      break;
    }
  }
  const types = said.apiVersion ? typesOf(said.apiVersion, arrived) : null;
  const [version, group] = (said.apiVersion ?? "").split("/").reverse();
  const kinds = Object.values(types ?? {}).flatMap((type) =>
    (type["x-kubernetes-group-version-kind"] ?? [])
      .filter((of) => of.group === (group ?? "") && of.version === version)
      .map((of) => ({ kind: of.kind, type })),
  );
  return { types, kinds, root: kinds.find((known) => known.kind === said.kind)?.type };
}

// The schema of what a key of a line is in.
function around(state, number, arrived) {
  const text = state.doc.line(number).text;
  const here = parts(text);
  const document = documentAt(state, number, arrived);
  const path = pathTo((at) => state.doc.line(at).text, number, here.column, here.dashes);
  const parent = document.root && path.reduce((schema, name) => step(document.types, schema, name), document.root);
  return { ...document, here, parent: resolved(document.types ?? {}, parent), path };
}

// `[]string`, `map of quantity`, `Container`.
function nameOf(types, schema) {
  const reference = schema?.$ref ?? schema?.allOf?.[0]?.$ref;
  if (reference) {
    return reference.split(".").pop();
  }
  if (schema?.type === "array") {
    return `[]${nameOf(types, schema.items)}`;
  }
  if (typeof schema?.additionalProperties === "object") {
    return `map[string]${nameOf(types, schema.additionalProperties)}`;
  }
  return schema?.format ?? schema?.type ?? "";
}

function complete(arrived) {
  return (context) => {
    const line = context.state.doc.lineAt(context.pos);
    const before = line.text.slice(0, context.pos - line.from);
    const value = /^ *(?:- +)*([\w.-]+): +([\w./-]*)$/.exec(before);
    if (value) {
      const found = around(context.state, line.number, arrived);
      const schema = resolved(found.types ?? {}, found.parent?.properties?.[value[1]]);
      const words =
        found.path.length === 0 && value[1] === "kind"
          ? found.kinds.map((known) => known.kind).filter((kind) => !kind.endsWith("List"))
          : (schema?.enum ?? (schema?.type === "boolean" ? ["true", "false"] : []));
      const options = [...new Set(words)].filter((word) => word !== "").map((word) => ({ label: String(word), type: "enum" }));
      return options.length === 0 ? null : { from: context.pos - value[2].length, options, validFor: /^[\w./-]*$/ };
    }
    const key = /^( *(?:- +)*)([\w.$-]*)$/.exec(before);
    if (!key || (key[2] === "" && !context.explicit)) {
      return null;
    }
    const from = context.pos - key[2].length;
    const dashes = [...key[1]].flatMap((sign, at) => (sign === "-" ? [at] : []));
    const document = documentAt(context.state, line.number, arrived);
    const lineAt = (at) => context.state.doc.line(at).text;
    const path = pathTo(lineAt, line.number, key[1].length, dashes);
    const schema = document.root && path.reduce((schema, name) => step(document.types, schema, name), document.root);
    const type = resolved(document.types ?? {}, schema);
    if (!type?.properties) {
      return null;
    }
    const required = new Set(type.required ?? []);
    const options = Object.entries(type.properties).map(([name, field]) => ({
      label: name,
      type: "property",
      detail: nameOf(document.types, field) + (required.has(name) ? " *" : ""),
      info: field.description,
      boost: required.has(name) ? 1 : 0,
      apply: line.text.slice(context.pos - line.from).startsWith(":") ? name : `${name}:${isScalar(document.types, field) ? " " : ""}`,
    }));
    return { from, options, validFor: /^[\w.$-]*$/ };
  };
}

function isScalar(types, field) {
  const type = resolved(types, field);
  return !type?.properties && !type?.items && type?.type !== "object";
}

// Whether an object of this type has no other fields than those that it names.
function isClosed(type) {
  return Boolean(type?.properties) && !type.additionalProperties && !type["x-kubernetes-preserve-unknown-fields"];
}

function hover(words, arrived) {
  return hoverTooltip((view, position) => {
    const line = view.state.doc.lineAt(position);
    const { here, parent, types } = around(view.state, line.number, arrived);
    const from = line.from + here.column + here.quote;
    if (here.key === undefined || !parent || position < from || position > from + here.key.length) {
      return null;
    }
    const field = step(types, parent, here.key);
    if (!field && !isClosed(parent)) {
      return null;
    }
    const create = () => {
      const dom = document.createElement("div");
      dom.className = "cm-about";
      const head = dom.appendChild(document.createElement("strong"));
      head.textContent = here.key;
      const of = (text) => (dom.appendChild(document.createElement("div")).textContent = text);
      if (!field) {
        of(words.unknown);
        return { dom };
      }
      head.after(` ${nameOf(types, field)}${parent.required?.includes(here.key) ? " *" : ""}`);
      of(field.description ?? resolved(types, field)?.description ?? "");
      const values = resolved(types, field)?.enum;
      if (values) {
        of(values.filter((value) => value !== "").join(" | "));
      }
      return { dom };
    };
    return { pos: from, end: from + here.key.length, create };
  });
}

function marks(words, arrived) {
  const mark = Decoration.mark({ class: "cm-unknown", attributes: { title: words.unknown } });
  const find = (view) => {
    const found = [];
    for (const { from, to } of view.visibleRanges) {
      let line = view.state.doc.lineAt(from);
      for (;;) {
        const { here, parent, types } = around(view.state, line.number, arrived);
        if (here.key !== undefined && isClosed(parent) && !step(types, parent, here.key)) {
          const start = line.from + here.column + here.quote;
          found.push(mark.range(start, start + here.key.length));
        }
        if (line.to >= to || line.number === view.state.doc.lines) {
          break;
        }
        line = view.state.doc.line(line.number + 1);
      }
    }
    return Decoration.set(found, true);
  };
  return ViewPlugin.fromClass(
    class {
      constructor(view) {
        this.decorations = find(view);
      }
      update(update) {
        // Without a change of the text it is a description that has arrived.
        if (update.docChanged || update.viewportChanged || update.transactions.length > 0) {
          this.decorations = find(update.view);
        }
      }
    },
    { decorations: (plugin) => plugin.decorations },
  );
}

// All of it; `words` are those that people read.
export function schema(words) {
  const views = new Set();
  // An empty transaction has the marks found anew.
  const arrived = () => views.forEach((view) => view.dispatch({}));
  const member = ViewPlugin.define((view) => {
    views.add(view);
    return { destroy: () => views.delete(view) };
  });
  return [
    member,
    autocompletion({ override: [complete(arrived)], icons: false }),
    hover(words, arrived),
    marks(words, arrived),
  ];
}
