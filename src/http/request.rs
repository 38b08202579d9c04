//! What a request asks for, and whether it may.

use hyper::header::{ACCEPT, AUTHORIZATION};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, StatusCode};

use super::answer::Refusal;
use super::negotiation::Format;
use super::{MAX_HEADER_FIELDS, MAX_HEADERS, MAX_QUERY_TERMS, MAX_TARGET};
use crate::link::MAX_INCIDENT_PAGE;
use crate::model::query::Query;
use crate::model::{IncidentQuery, StreamId};

/// Incidents of a page for which nobody said how many.
const USUAL_INCIDENTS: u32 = 50;

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ask {
    Index,
    Health,
    Monitoring,
    Metrics(Format),
    Streams(Option<Query>),
    Stream(StreamId),
    Incidents(IncidentQuery),
    Incident(u64),
}

/// What can be asked for, in the order of the index, with what it is.
pub(super) const ENDPOINTS: [(&str, &str); 7] = [
    ("/api/v1/info/health", "how headend is: 200, or 503 and why"),
    ("/api/v1/info/monitoring", "its figures: machine, headend, workers, pool, totals, alerts"),
    ("/api/v1/streams", "all streams, or those that ?query= finds"),
    ("/api/v1/streams/ID", "one stream"),
    ("/api/v1/incidents", "incidents, newest first: ?open= ?stream= ?since= ?before= ?count="),
    ("/api/v1/incidents/NUMBER", "one incident"),
    ("/metrics", "for Prometheus"),
];

/// Reads a request's head. What is too large is refused before anything in it is looked at, and who may not
/// ask is not told what there is.
pub(super) fn read(head: &Parts, token: Option<&str>) -> Result<Ask, Refusal> {
    let target = head.uri.path_and_query().map_or("", |target| target.as_str());
    if target.len() > MAX_TARGET {
        let error = format!("path and parameters have at most {MAX_TARGET} bytes");
        return Err(Refusal::new(StatusCode::URI_TOO_LONG, error));
    }
    let bytes: usize = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if head.headers.len() > MAX_HEADER_FIELDS || bytes > MAX_HEADERS {
        let error = format!("a request has at most {MAX_HEADER_FIELDS} header fields of {MAX_HEADERS} bytes");
        return Err(Refusal::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, error));
    }
    if token.is_some_and(|token| !bears(&head.headers, token)) {
        let error = "send the token of [http] in the configuration as Authorization: Bearer TOKEN";
        return Err(Refusal::new(StatusCode::UNAUTHORIZED, error));
    }
    let ask = asked(head)?;
    if head.method != Method::GET && head.method != Method::HEAD {
        let error = "this can only be read: use GET or HEAD";
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, error));
    }
    Ok(ask)
}

/// Whether the right token is shown. How long the comparison takes tells nothing but its length.
fn bears(headers: &HeaderMap, token: &str) -> bool {
    let mut fields = headers.get_all(AUTHORIZATION).iter();
    let (Some(field), None) = (fields.next(), fields.next()) else { return false };
    let Some((scheme, shown)) = field.to_str().ok().and_then(|text| text.split_once(' ')) else {
        return false;
    };
    scheme.eq_ignore_ascii_case("bearer") && same(shown.trim().as_bytes(), token.as_bytes())
}

/// Whether two texts are the same, in a time that depends on their length alone.
fn same(one: &[u8], other: &[u8]) -> bool {
    let differs = one.iter().zip(other).fold(0, |all, (a, b)| std::hint::black_box(all | (a ^ b)));
    one.len() == other.len() && differs == 0
}

fn asked(head: &Parts) -> Result<Ask, Refusal> {
    let path = head.uri.path();
    let parameters = Parameters::read(head.uri.query().unwrap_or_default())?;
    let none = |ask| parameters.only(&[]).map(|()| ask);
    if let Some(id) = path.strip_prefix("/api/v1/streams/") {
        let found = StreamId::new(&decoded(id)?);
        let id = found.map_err(|error| Refusal::new(StatusCode::NOT_FOUND, error.to_string()))?;
        return none(Ask::Stream(id));
    }
    if let Some(number) = path.strip_prefix("/api/v1/incidents/") {
        let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        let found = plain.then(|| number.parse().ok()).flatten();
        let number = found.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "incidents have numbers"))?;
        return none(Ask::Incident(number));
    }
    match path {
        "/" => none(Ask::Index),
        "/api/v1/info/health" => none(Ask::Health),
        "/api/v1/info/monitoring" => none(Ask::Monitoring),
        "/metrics" => {
            let accept: Vec<&str> =
                head.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
            none(Ask::Metrics(Format::wanted(&accept.join(","))))
        }
        "/api/v1/streams" => parameters.streams(),
        "/api/v1/incidents" => parameters.incidents(),
        _ => Err(Refusal::new(StatusCode::NOT_FOUND, "there is nothing here; GET / tells what there is")),
    }
}

/// What stands behind the `?`.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn read(text: &str) -> Result<Self, Refusal> {
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(&name.replace('+', " "))?, decoded(&value.replace('+', " "))?))
        };
        text.split('&').filter(|pair| !pair.is_empty()).map(pair).collect::<Result<_, _>>().map(Self)
    }

    /// An unknown one is a mistake: with `stati=open` somebody would get everything, and believe it was all.
    fn only(&self, names: &[&str]) -> Result<(), Refusal> {
        for (at, (name, _)) in self.0.iter().enumerate() {
            if !names.contains(&name.as_str()) {
                let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                return Err(bad(format!("there is no parameter of this name here; there is {known}")));
            }
            if self.0[..at].iter().any(|(before, _)| before == name) {
                return Err(bad(format!("{name} is given twice")));
            }
        }
        Ok(())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    fn streams(&self) -> Result<Ask, Refusal> {
        self.only(&["query"])?;
        let Some(text) = self.get("query").filter(|text| !text.trim().is_empty()) else {
            return Ok(Ask::Streams(None));
        };
        let query = Query::parse(text)
            .map_err(|mistake| bad(format!("query, column {}: {mistake}", mistake.column(text))))?;
        if query.terms() > MAX_QUERY_TERMS {
            return Err(bad(format!("query: at most {MAX_QUERY_TERMS} terms")));
        }
        Ok(Ask::Streams(Some(query)))
    }

    fn incidents(&self) -> Result<Ask, Refusal> {
        self.only(&["open", "stream", "since", "before", "count"])?;
        let stream = self.get("stream").map(StreamId::new).transpose();
        let number = |name| {
            let found = self.get(name).map(str::parse::<u64>).transpose();
            found.map_err(|_| bad(format!("{name} is a number")))
        };
        let open = match self.get("open") {
            None | Some("false" | "0") => false,
            Some("" | "true" | "1") => true,
            Some(_) => return Err(bad("open is true or false")),
        };
        let count = number("count")?.unwrap_or(USUAL_INCIDENTS.into());
        let count = u32::try_from(count).ok().filter(|count| (1..=MAX_INCIDENT_PAGE).contains(count));
        Ok(Ask::Incidents(IncidentQuery {
            stream: stream.map_err(|error| bad(format!("stream: {error}")))?,
            open,
            before: number("before")?,
            since_wall_ms: self.get("since").map(moment).transpose()?,
            count: count.ok_or_else(|| bad(format!("count is 1 to {MAX_INCIDENT_PAGE}")))?,
        }))
    }
}

/// A time as `2026-11-24T03:12:00Z`, or as milliseconds since the Unix epoch.
fn moment(text: &str) -> Result<u64, Refusal> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().map_err(|_| bad("since is too far away"));
    }
    let found = text.parse::<jiff::Timestamp>().ok();
    let ms = found.and_then(|time| u64::try_from(time.as_millisecond()).ok());
    ms.ok_or_else(|| bad("since is a time such as 2026-11-24T03:12:00Z, or milliseconds since 1970"))
}

/// With `%41` as `A`.
fn decoded(text: &str) -> Result<String, Refusal> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digit = |at: usize| rest.get(at).and_then(|b| char::from(*b).to_digit(16));
        let byte = digit(0).zip(digit(1)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        bytes.push(byte.ok_or_else(|| bad("behind a % stand two hexadecimal digits"))?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).map_err(|_| bad("what is asked for is no UTF-8"))
}

fn bad(error: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, error)
}

#[cfg(test)]
mod tests {
    use hyper::Request;
    use proptest::prelude::*;

    use super::*;

    fn head(method: &str, target: &str, fields: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn get(target: &str) -> Result<Ask, (u16, String)> {
        read(&head("GET", target, &[]), None).map_err(|refusal| (refusal.status.as_u16(), refusal.error))
    }

    #[test]
    fn each_endpoint_of_the_index_is_there() {
        for (path, _) in ENDPOINTS {
            let path = path.replace("ID", "a-1").replace("NUMBER", "7");
            assert!(get(&path).is_ok(), "{path}");
        }
        assert_eq!(get("/"), Ok(Ask::Index));
        assert_eq!(get("/api/v1/streams/a%2D1"), Ok(Ask::Stream(StreamId::new("a-1").unwrap())));
        assert_eq!(get("/api/v1/incidents/7"), Ok(Ask::Incident(7)));
        let query = Query::parse("group:sport fps<20").unwrap();
        assert_eq!(get("/api/v1/streams?query=group:sport+fps%3C20"), Ok(Ask::Streams(Some(query))));
        assert_eq!(get("/api/v1/streams?query=+"), Ok(Ask::Streams(None)));
    }

    #[test]
    fn incidents_are_chosen_by_parameters() {
        let all = IncidentQuery { count: USUAL_INCIDENTS, ..IncidentQuery::default() };
        assert_eq!(get("/api/v1/incidents?"), Ok(Ask::Incidents(all.clone())));
        let target = "/api/v1/incidents?open=true&stream=a&since=1970-01-01T00:00:02Z&before=9&count=200";
        let asked = IncidentQuery {
            stream: Some(StreamId::new("a").unwrap()),
            open: true,
            before: Some(9),
            since_wall_ms: Some(2_000),
            count: 200,
        };
        assert_eq!(get(target), Ok(Ask::Incidents(asked)));
        let since = Ask::Incidents(IncidentQuery { since_wall_ms: Some(1_732_417_920_000), ..all });
        assert_eq!(get("/api/v1/incidents?since=1732417920000&open=false"), Ok(since));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_status() {
        let long = format!("/{}", "x".repeat(MAX_TARGET));
        let terms = format!("/api/v1/streams?query={}", "a+".repeat(MAX_QUERY_TERMS + 1));
        for (target, status, word) in [
            ("/nothing", 404, "GET / tells"),
            ("/api/v1/streams/", 404, "no stream id"),
            ("/api/v1/streams/..%2Fa", 404, "no stream id"),
            ("/api/v1/incidents/+7", 404, "numbers"),
            ("/api/v1/incidents/99999999999999999999", 404, "numbers"),
            ("/metrics?name=x", 400, "no parameter"),
            ("/api/v1/streams?q=x", 400, "there is query"),
            ("/api/v1/streams?query=a&query=b", 400, "twice"),
            ("/api/v1/streams?query=fps%3C", 400, "column 5"),
            ("/api/v1/streams?query=%zz", 400, "hexadecimal"),
            ("/api/v1/streams?query=%f", 400, "hexadecimal"),
            ("/api/v1/streams?query=%ff", 400, "UTF-8"),
            ("/api/v1/incidents?open=perhaps", 400, "true or false"),
            ("/api/v1/incidents?count=0", 400, "1 to 200"),
            ("/api/v1/incidents?count=201", 400, "1 to 200"),
            ("/api/v1/incidents?before=-1", 400, "number"),
            ("/api/v1/incidents?since=yesterday", 400, "such as"),
            ("/api/v1/incidents?since=1960-01-01T00:00:00Z", 400, "such as"),
            ("/api/v1/incidents?stream=a+b", 400, "no stream id"),
            (&terms, 400, "20 terms"),
            (&long, 414, "2048 bytes"),
        ] {
            let (found, error) = get(target).expect_err(target);
            assert!(found == status && error.contains(word), "{target}: {found} {error}");
        }
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"] {
            let refusal = read(&head(method, "/metrics", &[]), None).expect_err(method);
            assert_eq!(refusal.status, 405, "{method}");
        }
        assert!(read(&head("HEAD", "/metrics", &[]), None).is_ok());
    }

    #[test]
    fn large_heads_are_refused() {
        let large = "x".repeat(MAX_HEADERS);
        let many: Vec<(String, String)> =
            (0..=MAX_HEADER_FIELDS).map(|n| (format!("x-{n}"), "1".into())).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        for fields in [&[("x", large.as_str())][..], &many] {
            assert_eq!(read(&head("GET", "/", fields), None).expect_err("too large").status, 431);
        }
    }

    #[test]
    fn only_the_right_token_opens() {
        let asks = |fields: &[(&str, &str)]| read(&head("GET", "/", fields), Some("kanarie-7")).is_ok();
        assert!(asks(&[("authorization", "Bearer kanarie-7")]));
        assert!(asks(&[("authorization", "bearer  kanarie-7 ")]));
        for wrong in [
            "",
            "kanarie-7",
            "Bearer",
            "Bearer ",
            "Bearer kanarie-",
            "Bearer kanarie-77",
            "Bearer KANARIE-7",
            "Basic kanarie-7",
        ] {
            assert!(!asks(&[("authorization", wrong)]), "{wrong}");
        }
        let right = ("authorization", "Bearer kanarie-7");
        assert!(!asks(&[right, right]), "one is enough");
        assert!(!asks(&[]));
        // Nobody is told what there is before.
        let refusal = read(&head("POST", "/nothing", &[]), Some("kanarie-7")).expect_err("no token");
        assert!(refusal.status == 401 && !refusal.error.contains("kanarie"), "{refusal:?}");
    }

    proptest! {
        #[test]
        fn any_target_has_an_answer(text in "[ -~]{0,80}") {
            let target = format!("/api/v1/streams?query={}", text.replace([' ', '#', '"', '<', '>', '\\', '^', '`', '{', '|', '}'], "%20"));
            let _ = get(&target);
            let _ = Parameters::read(&text).map(|parameters| parameters.incidents());
        }
    }
}
