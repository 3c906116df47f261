//! The closed set of methods that may become a label.

use std::fmt;
use std::sync::Arc;

/// How many messages each side of a call sends; named as the `grpc_type` label is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallType {
    /// One request, one response.
    Unary,
    /// One request, a stream of responses.
    ServerStream,
    /// A stream of requests, one response.
    ClientStream,
    /// Two streams.
    BidiStream,
}

impl CallType {
    /// The label's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unary => "unary",
            Self::ServerStream => "server_stream",
            Self::ClientStream => "client_stream",
            Self::BidiStream => "bidi_stream",
        }
    }
}

/// One method that the server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// Full name of the service, with its package.
    pub service: &'static str,
    /// Name of the method.
    pub name: &'static str,
    /// Streams or single messages.
    pub call_type: CallType,
    /// Called by probes all the time, so a success is logged only at debug.
    pub probe: bool,
}

/// Every path that is not in the table shares this entry.
const UNKNOWN: Method = Method {
    service: "unknown",
    name: "unknown",
    call_type: CallType::Unary,
    probe: false,
};

/// A method and its place in the table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MethodId {
    index: u16,
    method: Method,
    full_name: &'static str,
}

impl MethodId {
    /// Place in the table, below the number of entries of [`MethodTable::iter`].
    pub fn index(self) -> usize {
        usize::from(self.index)
    }

    /// The method.
    pub fn method(self) -> Method {
        self.method
    }

    /// `package.Service/Method`, the name of a span.
    pub fn full_name(self) -> &'static str {
        self.full_name
    }
}

impl fmt::Debug for MethodId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.full_name)
    }
}

/// The methods of the server, found by path. A scanner's paths all end in one entry, `unknown`.
#[derive(Clone, Debug)]
pub struct MethodTable(Arc<[MethodId]>);

impl MethodTable {
    /// Builds the table. Lives as long as the process: names are kept for good.
    pub fn new(methods: &[Method]) -> Self {
        let names = methods.iter().chain([&UNKNOWN]);
        let methods = (0..)
            .zip(names)
            .map(|(index, &method)| MethodId {
                index,
                method,
                full_name: String::leak(format!("{}/{}", method.service, method.name)),
            })
            .collect();
        Self(methods)
    }

    /// The method of an HTTP/2 `:path`. O(m) for m methods: a server has few, and comparing their
    /// lengths costs less than a hash.
    pub fn find(&self, path: &str) -> MethodId {
        let methods = &self.0;
        let named = path
            .strip_prefix('/')
            .and_then(|name| methods.iter().find(|id| id.full_name == name));
        *named.unwrap_or(&methods[methods.len() - 1])
    }

    /// All entries, the unknown one last.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = MethodId> + '_ {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_paths_share_one_entry() {
        let table = MethodTable::new(&[Method {
            service: "a.B",
            name: "C",
            call_type: CallType::BidiStream,
            probe: false,
        }]);
        assert_eq!(table.iter().len(), 2);
        assert_eq!(table.find("/a.B/C").full_name(), "a.B/C");
        for path in ["", "/", "a.B/C", "/a.B/D", "/a.B/C/", "/unknown/unknown/x"] {
            let id = table.find(path);
            assert_eq!(
                (id.full_name(), id.index()),
                ("unknown/unknown", 1),
                "{path}"
            );
        }
    }
}
