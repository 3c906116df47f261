//! Writing an alliance ruleset, to see that reading loses nothing.

use serde_json::{Map, Value, json};

use super::super::parse::{BLOCK_POLICIES, MODE_ORDERS, OPTION_KINDS};
use super::{
    AllianceRules, DistanceRule, Inert, Layout, Quality, RegionRules, Role, RoleFlexing, RoleList,
    Stage, TeamBounds,
};

impl AllianceRules {
    /// The ruleset as JSON, with every default filled in. Parsing it gives the same rules.
    pub(super) fn to_json(&self) -> Value {
        let flexing: Vec<_> = self.distances.iter().flat_map(flexing_rules).collect();
        let options: Vec<_> = self
            .options
            .iter()
            .map(
                |option| json!({"name": &*option.name, "type": name_of(OPTION_KINDS, option.kind)}),
            )
            .collect();
        let mut all = self.layout.to_json();
        let rest = json!({
            "matching_rule": self.distances.iter().map(matching_rule).collect::<Vec<_>>(),
            "flexing_rule": flexing,
            "match_options": {"options": options},
            "match_options_referred_for_backfill": self.backfill_by_options_only,
            "blocked_player_option": name_of(BLOCK_POLICIES, self.blocks),
            "auto_backfill": self.auto_backfill,
            "rebalance_enable": self.rebalance,
            "sub_gamemode_selection": name_of(MODE_ORDERS, self.mode_order),
        });
        all.as_object_mut().expect("an object").extend(fields(rest));
        let modes = self.modes.iter();
        let modes = modes.map(|mode| (mode.name.to_string(), mode.layout.to_json()));
        all["sub_game_modes"] = Value::Object(modes.collect());
        self.regions.write(&mut all);
        let quality = self.quality.as_ref();
        set(
            &mut all,
            "quality",
            quality.map(|quality| quality.to_json(&self.distances)),
        );
        let kept = &self.kept;
        set(&mut all, "rebalance_version", kept.rebalance_version);
        set(
            &mut all,
            "ticket_observability_enable",
            kept.ticket_observability,
        );
        set(&mut all, "max_delay_ms", kept.max_delay_ms);
        set(&mut all, "extra_attributes", kept.extra_attributes.clone());
        all
    }
}

impl Quality {
    fn to_json(&self, distances: &[DistanceRule]) -> Value {
        let mut all = json!({"improve": self.improve});
        if let Some(hold) = &self.hold {
            let rates = hold.exchange.iter();
            let rates = rates.map(|(place, rate)| {
                let attribute = distances[*place].attribute.to_string();
                (attribute, Value::from(*rate))
            });
            all["hold"] = json!({
                "point_per_second": rates.collect::<Map<_, _>>(),
                "until_s": seconds(hold.until_ms),
                "tick_s": hold.tick_ms as f64 / 1e3,
            });
        }
        let ratings = self.ratings.iter().map(|rating| {
            let deviation = rating.deviation.as_deref();
            let entry = json!({"deviation": deviation, "scale": rating.scale});
            (rating.attribute.to_string(), entry)
        });
        all["rating"] = Value::Object(ratings.collect());
        set(&mut all, "win_chance_max", self.win_chance_max);
        set(&mut all, "premade_gap_max", self.premade_gap_max);
        if let Some(relaxing) = self.relaxing {
            all["relax_from_s"] = seconds(relaxing.from_ms);
            all["relax_until_s"] = seconds(relaxing.until_ms);
        }
        all
    }
}

impl Layout {
    fn to_json(&self) -> Value {
        let flexing = self.flexing.iter().map(|flex| {
            let mut entry = flex.stage.to_json(None);
            entry["duration"] = seconds(flex.after_ms);
            entry
        });
        json!({
            "alliance": self.first.to_json(self.role_flexing),
            "alliance_flexing_rule": flexing.collect::<Vec<_>>(),
        })
    }
}

impl Stage {
    fn to_json(&self, flexing: Option<RoleFlexing>) -> Value {
        let mut all = Value::Object(teams(&self.teams));
        if !self.roles.are_on() {
            return all;
        }
        let role = |role: &Role| json!({"name": &*role.name, "min": role.min, "max": role.max});
        let list = |list: &RoleList| list.0.iter().map(role).collect::<Vec<_>>();
        let lists: Vec<_> = self.roles.lists().iter().map(list).collect();
        all["combination"] = json!({"has_combination": true, "alliances": lists});
        if let Some(flexing) = flexing {
            all["combination"]["role_flexing_enable"] = true.into();
            all["combination"]["role_flexing_second"] = seconds(flexing.period_ms);
            all["combination"]["role_flexing_player"] = flexing.players.into();
        }
        all
    }
}

fn fields(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(fields) => fields,
        other => panic!("{other} is no object"),
    }
}

impl RegionRules {
    fn write(&self, all: &mut Value) {
        all["region_expansion_rate_ms"] = self.rate_ms.into();
        all["region_expansion_range_ms"] = self.range_ms.into();
        all["region_latency_initial_range_ms"] = self.initial_ms.into();
        // 0 is how a ruleset says that there is none.
        all["region_latency_max_ms"] = self.max_ms.unwrap_or(0).into();
        all["region_latency_rule_weight"] = self.weight.into();
        all["disable_bidirectional_latency_after_ms"] = self.one_way_after_ms.unwrap_or(0).into();
    }
}

fn set(all: &mut Value, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        all[key] = value.into();
    }
}

fn teams(teams: &TeamBounds) -> Map<String, Value> {
    let numbers = [
        ("min_number", teams.teams_min),
        ("max_number", teams.teams_max),
        ("player_min_number", teams.players_min),
        ("player_max_number", teams.players_max),
    ];
    numbers
        .map(|(key, number)| (key.to_owned(), number.into()))
        .into_iter()
        .collect()
}

fn matching_rule(rule: &DistanceRule) -> Value {
    let mut entry = measure(rule, rule.reference, rule.inert);
    entry["weight"] = rule.weight.into();
    entry["normalizationMax"] = rule.normalization.into();
    set(&mut entry, "isForBalancing", rule.balancing);
    entry
}

fn flexing_rules(rule: &DistanceRule) -> impl Iterator<Item = Value> {
    rule.flexing.iter().map(|flex| {
        let mut entry = measure(rule, flex.reference, flex.inert);
        entry["duration"] = seconds(flex.after_ms);
        entry
    })
}

fn measure(rule: &DistanceRule, reference: Option<f64>, inert: Option<Inert>) -> Value {
    let criteria = inert.map_or("distance", |inert| inert.criteria);
    let reference = reference.or(inert.map(|inert| inert.reference));
    json!({"attribute": &*rule.attribute, "criteria": criteria, "reference": reference})
}

/// A duration: rulesets have them in whole seconds.
fn seconds(ms: i64) -> Value {
    (ms / 1000).into()
}

/// The name of a value in a ruleset.
fn name_of<T: PartialEq>(choices: &[(&'static str, T)], value: T) -> &'static str {
    // The parser makes values from the same table, so each is in it.
    choices
        .iter()
        .find(|(_, choice)| *choice == value)
        .map_or("", |(name, _)| name)
}
