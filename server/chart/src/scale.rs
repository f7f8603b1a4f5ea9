//! From values to shares of an axis and back.

/// How values are spread over an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum ScaleKind {
    /// Evenly.
    #[default]
    Linear,
    /// By powers of a base above 1; what is not positive lies below the axis.
    Log(f64),
    /// Evenly up to a value on either side of zero, by powers beyond it.
    SymLog(f64),
}

/// The ends of a value axis and what lies between them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// The value at the lower edge; positive where powers are counted.
    pub low: f64,
    /// The value at the upper edge; above `low`.
    pub high: f64,
    /// How values are spread.
    pub kind: ScaleKind,
}

impl Scale {
    /// Evenly from `low` to `high`.
    pub fn linear(low: f64, high: f64) -> Self {
        Self { low, high, kind: ScaleKind::Linear }
    }

    /// Where `value` lies: 0 at the lower edge, 1 at the upper.
    pub fn share(&self, value: f64) -> f64 {
        let (low, high) = (self.bent(self.low), self.bent(self.high));
        (self.bent(value.clamp(-1e300, 1e300)) - low) / (high - low)
    }

    /// The value at a share.
    pub fn value(&self, share: f64) -> f64 {
        let (low, high) = (self.bent(self.low), self.bent(self.high));
        let at = low + share * (high - low);
        match self.kind {
            ScaleKind::Linear => at,
            ScaleKind::Log(_) => at.exp(),
            ScaleKind::SymLog(even) => at.signum() * even * at.abs().exp_m1(),
        }
    }

    /// `value` on the line on which distances are even.
    fn bent(&self, value: f64) -> f64 {
        match self.kind {
            ScaleKind::Linear => value,
            ScaleKind::Log(_) if value > 0.0 => value.ln(),
            // Far below, but near enough for arithmetic.
            ScaleKind::Log(_) => -1e6,
            ScaleKind::SymLog(even) => value.signum() * (value.abs() / even).ln_1p(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_values_are_inverse() {
        for kind in [ScaleKind::Linear, ScaleKind::Log(10.0), ScaleKind::SymLog(2.0)] {
            let scale = Scale { low: 1.0, high: 1000.0, kind };
            for value in [1.0, 10.0, 999.0] {
                assert!((scale.value(scale.share(value)) - value).abs() < 1e-6, "{kind:?} {value}");
            }
        }
        let scale = Scale { low: 1.0, high: 1000.0, kind: ScaleKind::Log(10.0) };
        assert!((scale.share(10.0) - 1.0 / 3.0).abs() < 1e-9 && scale.share(0.0) < -1000.0);
    }
}
