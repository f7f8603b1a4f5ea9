//! A small OpenID Connect issuer on loopback, honest unless a test says otherwise.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Signer;
use serde_json::{Value, json};

pub(crate) const CLIENT: &str = "crowsnest";
pub(crate) const SECRET: &str = "s3cret+of/the client";

/// What the issuer does wrong, and for how long its tokens are good.
#[derive(Clone, Default)]
pub(crate) struct Manners {
    /// Claims that are put over the right ones.
    pub(crate) claims: Value,
    /// Another header than `{"alg": "RS256", "kid": "a"}`, and what it is signed with.
    pub(crate) forged: Option<Forged>,
    /// Seconds that a token is good for; 600 where it is 0.
    pub(crate) lasts: i64,
    /// Refresh tokens are refused.
    pub(crate) forgets: bool,
}

#[derive(Clone, Copy)]
pub(crate) enum Forged {
    /// `alg: none`.
    Unsigned,
    /// `alg: HS256`, with the public key as the secret.
    Confused,
    /// By a key that is not published.
    Unknown,
}

#[derive(Default)]
struct State {
    manners: Manners,
    /// Logins by code: challenge, nonce, redirect URI.
    codes: HashMap<String, (String, String, String)>,
    /// How often tokens were given.
    given: u32,
}

/// The issuer, for as long as the process runs.
#[derive(Clone)]
pub(crate) struct Issuer {
    pub(crate) url: String,
    key: PKey<Private>,
    other: PKey<Private>,
    state: Arc<Mutex<State>>,
}

impl Issuer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let key = || PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        let issuer = Self { url, key: key(), other: key(), state: Arc::default() };
        let serving = issuer.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let serving = serving.clone();
                std::thread::spawn(move || serving.serve(&stream.unwrap()));
            }
        });
        issuer
    }

    pub(crate) fn behave(&self, manners: Manners) {
        self.state.lock().unwrap().manners = manners;
    }

    pub(crate) fn public_key_pem(&self) -> String {
        String::from_utf8(self.key.public_key_to_pem().unwrap()).unwrap()
    }

    /// How often it has given tokens.
    pub(crate) fn given(&self) -> u32 {
        self.state.lock().unwrap().given
    }

    /// What a browser does at the issuer: its user shows who they are, and it comes back with these parameters.
    pub(crate) fn visit(&self, url: &str) -> HashMap<String, String> {
        let query = url.strip_prefix(&format!("{}/authorize?", self.url)).unwrap();
        let asked: HashMap<String, String> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        assert_eq!((asked["response_type"].as_str(), asked["client_id"].as_str()), ("code", CLIENT));
        assert_eq!(asked["code_challenge_method"], "S256");
        assert!(asked["scope"].split(' ').any(|scope| scope == "openid"));
        let mut state = self.state.lock().unwrap();
        let code = format!("code-{}", state.codes.len());
        let login = (asked["code_challenge"].clone(), asked["nonce"].clone(), asked["redirect_uri"].clone());
        state.codes.insert(code.clone(), login);
        HashMap::from([
            ("code".to_owned(), code),
            ("state".to_owned(), asked["state"].clone()),
            ("iss".to_owned(), self.url.clone()),
            ("redirect_uri".to_owned(), asked["redirect_uri"].clone()),
        ])
    }

    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        let mut request = String::new();
        if reader.read_line(&mut request).unwrap_or(0) == 0 {
            return;
        }
        let (mut length, mut authorization) = (0, String::new());
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim().split_once(": ") else { break };
            match name.to_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap(),
                "authorization" => authorization = value.to_owned(),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let (status, answer) = match request.split(' ').nth(1).unwrap() {
            "/.well-known/openid-configuration" => (200, self.configuration()),
            "/keys" => (200, self.keys()),
            "/token" => self.token(&authorization, &body),
            _ => (404, json!({})),
        };
        let answer = answer.to_string();
        let mut stream = stream;
        write!(
            stream,
            "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
            answer.len()
        )
        .ok();
    }

    fn configuration(&self) -> Value {
        let at = |path: &str| format!("{}/{path}", self.url);
        json!({
            "issuer": self.url, "authorization_endpoint": at("authorize"), "token_endpoint": at("token"),
            "jwks_uri": at("keys"), "authorization_response_iss_parameter_supported": true,
        })
    }

    fn keys(&self) -> Value {
        let rsa = self.key.rsa().unwrap();
        let part = |number: &openssl::bn::BigNumRef| URL_SAFE_NO_PAD.encode(number.to_vec());
        json!({"keys": [{"kty": "RSA", "kid": "a", "use": "sig", "alg": "RS256", "n": part(rsa.n()), "e": part(rsa.e())}]})
    }

    fn token(&self, authorization: &str, body: &[u8]) -> (u16, Value) {
        let refused = |error: &str| (400, json!({"error": error}));
        let form: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encoded(CLIENT), encoded(SECRET));
        let expected = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
        if authorization != expected {
            return (401, json!({"error": "invalid_client"}));
        }
        let mut state = self.state.lock().unwrap();
        let nonce = match form["grant_type"].as_str() {
            "authorization_code" => {
                // A code is good once.
                let Some((challenge, nonce, redirect)) = state.codes.remove(&form["code"]) else {
                    return refused("invalid_grant");
                };
                let verifier = openssl::sha::sha256(form["code_verifier"].as_bytes());
                if URL_SAFE_NO_PAD.encode(verifier) != challenge || redirect != form["redirect_uri"] {
                    return refused("invalid_grant");
                }
                Some(nonce)
            }
            _ if state.manners.forgets || form["refresh_token"] != "refresh" => {
                return refused("invalid_grant");
            }
            _ => None,
        };
        state.given += 1;
        let manners = state.manners.clone();
        (
            200,
            json!({"id_token": self.sign(&manners, nonce), "refresh_token": "refresh", "token_type": "Bearer"}),
        )
    }

    fn sign(&self, manners: &Manners, nonce: Option<String>) -> String {
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
        let lasts = if manners.lasts == 0 { 600 } else { manners.lasts };
        let mut claims = json!({
            "iss": self.url, "aud": CLIENT, "sub": "ann", "groups": ["devs"], "iat": now, "exp": now + lasts,
        });
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        for (name, value) in manners.claims.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        let header = match manners.forged {
            Some(Forged::Unsigned) => json!({"alg": "none"}),
            Some(Forged::Confused) => json!({"alg": "HS256", "kid": "a"}),
            Some(Forged::Unknown) | None => json!({"alg": "RS256", "kid": "a"}),
        };
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = match manners.forged {
            Some(Forged::Unsigned) => Vec::new(),
            Some(Forged::Confused) => {
                let key = PKey::hmac(&self.key.public_key_to_pem().unwrap()).unwrap();
                sign(&key, signed.as_bytes())
            }
            Some(Forged::Unknown) => sign(&self.other, signed.as_bytes()),
            None => sign(&self.key, signed.as_bytes()),
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn sign(key: &PKey<Private>, bytes: &[u8]) -> Vec<u8> {
    Signer::new(MessageDigest::sha256(), key).unwrap().sign_oneshot_to_vec(bytes).unwrap()
}
