//! A logic with a bug.

use match_function::matching::{
    AgsLogic, BackfillTick, Flow, MatchLogic, MatchOut, Needs, ParsedRules, RulesError, Tick,
    TickContext, Ticket, TicketFault,
};
use tonic::Code;

use crate::support::{parameters, start_with, ticket};

/// A logic that panics on the second ticket, or at the end.
struct Broken {
    at_once: bool,
}

#[derive(Debug)]
struct BrokenTick {
    at_once: bool,
    tickets: u32,
}

impl Tick for BrokenTick {
    fn push(&mut self, _: Ticket, _: &mut dyn MatchOut) -> Flow {
        self.tickets += 1;
        assert!(!self.at_once || self.tickets < 2, "a bug of the studio's");
        Flow::Go
    }

    fn finish(self: Box<Self>, _: &mut dyn MatchOut) {
        panic!("a bug of the studio's");
    }
}

impl MatchLogic for Broken {
    type Rules = ();

    fn rules(&self, _: &str) -> Result<ParsedRules<()>, RulesError> {
        Ok(ParsedRules {
            rules: (),
            warnings: vec![],
        })
    }

    fn stat_codes(&self, (): &()) -> Vec<String> {
        vec![]
    }

    fn needs(&self, (): &()) -> Needs {
        Needs::default()
    }

    fn validate_ticket(&self, (): &(), _: &Ticket) -> Result<(), TicketFault> {
        Ok(())
    }

    fn open(&self, (): (), _: TickContext) -> Box<dyn Tick> {
        Box::new(BrokenTick {
            at_once: self.at_once,
            tickets: 0,
        })
    }

    fn open_backfill(&self, (): (), context: TickContext) -> Box<dyn BackfillTick> {
        let rules = AgsLogic.rules("{}").expect("empty rules").rules;
        AgsLogic.open_backfill(rules, context)
    }
}

#[tokio::test]
async fn a_panic_in_a_studios_logic_is_an_error_of_that_call_only() {
    for at_once in [true, false] {
        let server = start_with(&[], Broken { at_once });
        for _ in 0..2 {
            let requests = vec![parameters("{}"), ticket("a"), ticket("b")];
            let status = server.make(requests).await.expect_err("it panics");
            assert_eq!(status.code(), Code::Internal);
            assert!(!status.message().contains("studio"), "{status:?}");
        }
    }
}
