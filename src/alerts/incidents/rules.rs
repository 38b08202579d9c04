//! The settings, ready to be asked.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{AlertSettings, Rule};
use crate::model::query::Search;
use crate::model::{ConditionKind, Moment, Row, Severity};

/// A rule, by its place: lower ones come first. That of [`Rule::fallback`] is the number of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleIx(usize);

/// The settings and their queries.
#[derive(Debug)]
pub struct Rules {
    pub settings: AlertSettings,
    searches: Vec<Option<Search>>,
    fallback: Rule,
}

impl Rules {
    pub fn new(settings: &AlertSettings) -> Self {
        let searches = settings.rules.iter().map(|rule| rule.streams.as_ref().map(Search::exact)).collect();
        Self { settings: settings.clone(), searches, fallback: Rule::fallback(&settings.receivers) }
    }

    /// The first rule that fits this fault of this stream, whatever severity it asks for: that is about
    /// who is told.
    pub fn for_stream(&mut self, row: &Row, kind: ConditionKind, now: Moment) -> RuleIx {
        let rules = self.settings.rules.iter().zip(&mut self.searches);
        let fits = |(rule, search): (&Rule, &mut Option<Search>)| {
            (rule.conditions.is_empty() || rule.conditions.contains(&kind))
                && search.as_mut().is_none_or(|search| search.finds(row, now))
        };
        RuleIx(rules.map(fits).position(|fits| fits).unwrap_or(self.settings.rules.len()))
    }

    /// The first rule that fits what is about no stream.
    pub fn for_headend(&self) -> RuleIx {
        let fits = |rule: &Rule| rule.conditions.is_empty() && rule.streams.is_none();
        RuleIx(self.settings.rules.iter().position(fits).unwrap_or(self.settings.rules.len()))
    }

    /// The rule of this name; where there is none any more, the one that holds for all.
    pub fn named(&self, name: &str) -> RuleIx {
        let rules = &self.settings.rules;
        RuleIx(rules.iter().position(|rule| *rule.name == *name).unwrap_or(rules.len()))
    }

    /// The rule itself.
    pub fn rule(&self, ix: RuleIx) -> &Rule {
        self.settings.rules.get(ix.0).unwrap_or(&self.fallback)
    }

    pub fn name(&self, ix: RuleIx) -> Arc<str> {
        Arc::clone(&self.rule(ix).name)
    }

    /// How long something of this severity must last.
    pub fn after(&self, ix: RuleIx, severity: Severity) -> Duration {
        self.rule(ix).after.unwrap_or(match severity {
            Severity::Critical => self.settings.after,
            Severity::Warning => self.settings.after_warning,
        })
    }

    /// How long it must be gone.
    pub fn clear_after(&self, ix: RuleIx) -> Duration {
        self.rule(ix).clear_after.unwrap_or(self.settings.clear_after)
    }

    /// So many streams are one incident: a stream alone is never together.
    pub fn together(&self) -> usize {
        (self.settings.together as usize).max(2)
    }
}
