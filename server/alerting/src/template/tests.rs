//! The template language as a whole.

use proptest::prelude::*;

use super::*;

struct Fixed;

impl Host for Fixed {
    fn now(&self) -> (i64, i32) {
        (1_700_000_000, 0)
    }

    fn query(&self, query: &str) -> Result<Value, String> {
        match query {
            "nope" => Ok(prometheus::samples(Vec::new())),
            "bad" => Err("no such metric".to_owned()),
            _ => {
                let sample = |job: &str, value| {
                    prometheus::sample(
                        &crowsnest_api::Labels::from_pairs([("job", job), ("__value__", "v")]),
                        value,
                    )
                };
                Ok(prometheus::samples(vec![sample("prom", 1.0), sample("down", 0.0)]))
            }
        }
    }

    fn external_url(&self) -> &str {
        "http://vm:19096/prom"
    }
}

fn data() -> Value {
    Value::any_map(
        [
            ("name".into(), Value::str("x")),
            ("list".into(), Value::strings(["a", "b", "c"])),
            ("map".into(), Value::string_map(&STRING_MAP, [("k", "v"), ("j", "w")])),
            ("float".into(), Value::Float(2.5)),
            ("yes".into(), Value::Bool(true)),
        ]
        .into(),
    )
}

fn run(text: &str, escape: Escape) -> Result<String, String> {
    let mut template = Template::new(&[common::FUNCTIONS, prometheus::FUNCTIONS, alertmanager::FUNCTIONS]);
    template.add("t", text).map_err(|error| error.describe("t", text))?;
    template.execute("t", &data(), &Fixed, Limits::default(), escape).map_err(|error| error.to_string())
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(run(text, Escape::No).as_deref(), Ok(expected), "{text}");
}

#[track_caller]
fn check_error(text: &str, expected: &str) {
    assert_eq!(run(text, Escape::No), Err(expected.to_owned()), "{text}");
}

#[test]
fn statements_do_what_they_do_in_go() {
    check("a {{- 1 -}} b{{/* gone */}} {{- /* too */ -}} c", "a1bc");
    check(
        "{{if .name}}y{{else}}n{{end}}{{if eq .name \"z\"}}1{{else if eq .name \"x\"}}2{{else}}3{{end}}",
        "y2",
    );
    check("{{range .list}}{{.}},{{end}}{{range $i, $e := .list}}{{$i}}={{$e}};{{end}}", "a,b,c,0=a;1=b;2=c;");
    check("{{range $k, $v := .map}}{{$k}}{{$v}} {{end}}{{range .none}}x{{else}}empty{{end}}", "jw kv empty");
    check("{{range .list}}{{if eq . \"b\"}}{{continue}}{{end}}{{.}}{{end}}", "ac");
    check("{{range .list}}{{if eq . \"b\"}}{{break}}{{end}}{{.}}{{end}}{{range 3}}{{.}}{{end}}", "a012");
    check("{{with .name}}<{{.}}>{{end}}{{with .none}}x{{else with .float}}{{.}}{{end}}", "<x>2.5");
    check("{{$x := 1}}{{if true}}{{$x = 2}}{{$y := 3}}{{$y}}{{end}}{{$x}}", "32");
    check(
        "{{define \"d\"}}[{{.}}]{{end}}{{template \"d\" .name}}{{template \"d\"}}{{block \"b\" 7}}({{.}}){{end}}",
        "[x][<no value>](7)",
    );
    check("{{$.name}}{{(index .list 1)}}{{(.map).k}}{{.map.none}}{{.none}}", "xbv<no value>");
}

#[test]
fn built_in_functions_do_what_they_do_in_go() {
    check("{{and 1 0 (index .list 9)}} {{or 0 \"\" .name}} {{not 0}} {{and true .yes}}", "0 x true true");
    check(
        "{{eq 1 2 1}} {{ne 1 2}} {{lt 1 2}} {{le 2.0 2.0}} {{gt \"b\" \"a\"}} {{ge 1 2}}",
        "true true true true true false",
    );
    check(
        "{{len .list}} {{len \"abc\"}} {{index .map \"k\"}} {{slice .list 1 2}} {{slice \"abcd\" 1 3}}",
        "3 3 v [b] bc",
    );
    check("{{print 1 2 \"a\" \"b\" 3}}|{{println \"a\" 1}}|{{printf \"%s-%d\" .name 3}}", "1 2ab3|a 1\n|x-3");
    check(
        "{{html \"<a&'b'>\"}} {{js \"it's <b>\"}} {{urlquery \"a b&c\"}}",
        "&lt;a&amp;&#39;b&#39;&gt; it\\'s \\u003Cb\\u003E a+b%26c",
    );
    check(
        "{{\"x\" | printf \"%s%s\" \"y\"}} {{.float | printf \"%.2f\"}} {{'a'}} {{0x10}} {{1e3}}",
        "yx 2.50 97 16 1000",
    );
}

#[test]
fn functions_of_prometheus_answer_as_it_does() {
    check(
        "{{humanizeDuration 93784.5}} {{humanize \"0.00001234\"}} {{humanize1024 123456789}}",
        "1d 2h 3m 4s 12.34u 117.7Mi",
    );
    check(
        "{{stripPort \"a:1\"}} {{stripPort \"[::1]:80\"}} {{stripDomain \"a.b.c:9100\"}} {{stripDomain \"10.0.0.1:80\"}}",
        "a ::1 a:9100 10.0.0.1:80",
    );
    check(
        "{{parseDuration \"1h5m\"}} {{graphLink \"up\"}} {{tableLink \"up == 0\"}}",
        "3900 /graph?g0.expr=up&g0.tab=0 /graph?g0.expr=up+%3D%3D+0&g0.tab=1",
    );
    check("{{reReplaceAll \"a(.)\" \"$1x\" \"abac\"}}|{{reReplaceAll \"a(.)\" \"${1}x\" \"abac\"}}", "|bxcx");
    check("{{range sortByLabel \"job\" (query \"up\")}}{{.Labels.job}}={{.Value}};{{end}}", "down=0;prom=1;");
    check(
        "{{query \"up\" | first | value}} {{query \"up\" | first | label \"job\"}} {{query \"up\" | first | strvalue}}",
        "1 prom v",
    );
    check(
        "{{args 1 2}} {{externalURL}} {{pathPrefix}} {{title \"foo bar\"}} {{toUpper \"x\"}}",
        "map[arg0:1 arg1:2] http://vm:19096/prom /prom Foo Bar X",
    );
    check(
        "{{match \"a.c\" \"xabcx\"}} {{toTime 1700000000}} {{toDuration 90}} {{now}}",
        "true 2023-11-14 22:13:20 +0000 UTC 1m30s 1.7e+09",
    );
}

#[test]
fn functions_of_alertmanager_answer_as_it_does() {
    check(
        "{{join \",\" .list}} {{stringSlice \"a\" \"b\" | join \"-\"}} {{trimSpace \" x \"}}",
        "a,b,c a-b x",
    );
    check(
        "{{toJson (dict \"a\" 1 \"b\" (list \"<\" 2.5 true nil))}}",
        "{\"a\":1,\"b\":[\"\\u003c\",2.5,true,null]}",
    );
    check(
        "{{base64encode \"hi\"}} {{base64decode \"aGk=\"}} {{append (list 1) 2}} {{urlUnescape \"a%20b\"}}",
        "aGk= hi [1 2] a b",
    );
    check("{{date \"2006-01-02\" (toTime 1700000000)}}", "2023-11-14");
}

#[test]
fn html_escapes_what_actions_print() {
    let escaped =
        run("<a href=\"{{.name}}?q={{\"a b\"}}\">{{\"<b>\"}}{{safeHtml \"<i>\"}}{{.none}}</a>", Escape::Html);
    assert_eq!(escaped.as_deref(), Ok("<a href=\"x?q=a%20b\">&lt;b&gt;<i></a>"));
}

#[test]
fn what_cannot_be_parsed_is_refused_in_the_words_of_go() {
    check_error("{{nope}}", "template: t:1: function \"nope\" not defined");
    check_error("a\n{{$label}}", "template: t:2: undefined variable \"$label\"");
    check_error("{{if}}x{{end}}", "template: t:1: missing value for if");
    check_error("{{if 1}}x", "template: t:1: unexpected EOF");
    check_error("{{end}}", "template: t:1: unexpected {{end}}");
    check_error("{{.x", "template: t:1: unclosed action");
    check_error("{{1 | 2}}", "template: t:1: non executable command in pipeline stage 2");
    check_error("{{break}}", "template: t:1: {{break}} outside {{range}}");
    check_error("{{\"a}}", "template: t:1: unterminated quoted string");
    check_error("{{(1}}", "template: t:1: unclosed left paren");
    check_error("{{.a!b}}", "template: t:1: bad character U+0021 '!'");
}

#[test]
fn what_cannot_be_executed_is_refused_with_its_place() {
    check_error(
        "{{first (query \"nope\")}}",
        "template: t:1:2: executing \"t\" at <first (query \"nope\")>: error calling first: first() called on vector with no elements",
    );
    check_error(
        "a\n {{gt .float 2}}",
        "template: t:2:3: executing \"t\" at <gt .float 2>: error calling gt: incompatible types for comparison",
    );
    check_error(
        "{{.float | toUpper}}",
        "template: t:1:11: executing \"t\" at <toUpper>: wrong type for value; expected string; got float64",
    );
    check_error("{{toUpper 5}}", "template: t:1:10: executing \"t\" at <5>: expected string; found 5");
    check_error(
        "{{.name.x}}",
        "template: t:1:7: executing \"t\" at <.name.x>: can't evaluate field x in type string",
    );
    check_error(
        "{{template \"none\"}}",
        "template: t:1:11: executing \"t\" at <{{template \"none\"}}>: template \"none\" not defined",
    );
    check_error(
        "{{toUpper}}",
        "template: t:1:2: executing \"t\" at <toUpper>: wrong number of args for toUpper: want 1 got 0",
    );
}

#[test]
fn an_execution_cannot_take_more_than_its_limits() {
    let endless = run("{{define \"a\"}}{{template \"a\"}}{{end}}{{template \"a\"}}", Escape::No).unwrap_err();
    assert!(endless.contains("exceeded maximum template depth"), "{endless}");
    let loops = "{{range 1000}}{{range 1000}}{{range 1000}}{{end}}{{end}}{{end}}";
    assert!(run(loops, Escape::No).unwrap_err().contains("takes too long"));
    let large = "{{range 10000}}{{printf \"%9999d\" 1}}{{end}}";
    assert!(run(large, Escape::No).unwrap_err().contains("output is larger"));
    let doubling = "{{$x := \"abcdefgh\"}}{{range 100}}{{$x = print $x $x}}{{end}}";
    assert!(run(doubling, Escape::No).unwrap_err().contains("takes too long"));
    let nested = format!("{}1{}", "{{if ".to_owned() + &"(".repeat(5000), ")".repeat(5000) + "}}{{end}}");
    assert!(run(&nested, Escape::No).is_err());
}

/// Pieces that random templates are made of, so that many of them get past the parser.
const PIECES: &[&str] = &[
    "{{",
    "}}",
    "{{-",
    " -}}",
    "if ",
    "range ",
    "with ",
    "else",
    "end",
    "define \"a\"",
    "template \"a\" ",
    "block \"b\" .",
    "break",
    "continue",
    "$",
    "$x",
    ":=",
    "=",
    "|",
    "(",
    ")",
    ".",
    ".list",
    ".map",
    ".name",
    "printf \"%v %-5.3q\" ",
    "index ",
    "slice ",
    "len ",
    "eq ",
    "lt ",
    "and ",
    "or ",
    "1",
    "-2.5",
    "1e9",
    "\"s\"",
    "`r`",
    "'c'",
    "nil",
    "true",
    "query \"up\"",
    "first ",
    "humanize ",
    "toJson ",
    "append ",
    "list ",
    "html ",
    " ",
    "\n",
    "/* c */",
    "é",
    "text",
    ",",
];

proptest! {
    #[test]
    fn no_text_makes_a_template_panic(text in ".{0,200}") {
        let _ = run(&text, Escape::Html);
    }

    #[test]
    fn no_sequence_of_pieces_makes_a_template_panic(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40),
    ) {
        let _ = run(&pieces.concat(), Escape::No);
    }

    #[test]
    fn no_expression_makes_a_template_panic(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..12),
    ) {
        let _ = run(&format!("{{{{{}}}}}", pieces.concat()), Escape::No);
    }

    #[test]
    fn no_format_makes_printf_panic(format in "[%a-zA-Z0-9.*+#\\[\\] -]{0,20}", number in any::<i64>(), float in any::<f64>()) {
        let arguments = [Value::Int(number), Value::Float(float), Value::str("é\n"), Value::Nil];
        let _ = print::printf(&format, &arguments);
    }

    #[test]
    fn text_without_actions_is_printed_as_it_is(text in "[^{]{0,100}") {
        prop_assert_eq!(run(&text, Escape::No), Ok(text));
    }
}
