//! Colour maps: from numbers to colours.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

macro_rules! colormaps {
    ($($(#[$doc:meta])* $map:ident $name:literal $gradient:ident;)*) => {
        /// A colour map. All but `Turbo` are perceptual: equal steps of the number look like equal steps, also in grey.
        ///
        /// The tables are those of the crate [colorous](https://docs.rs/colorous).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Colormap {
            $($(#[$doc])* $map,)*
        }

        impl Colormap {
            /// All of them.
            pub const ALL: &[Colormap] = &[$(Colormap::$map),*];

            /// The name, as in Matplotlib.
            pub fn name(self) -> &'static str {
                match self {
                    $(Colormap::$map => $name,)*
                }
            }

            fn gradient(self) -> colorous::Gradient {
                match self {
                    $(Colormap::$map => colorous::$gradient,)*
                }
            }
        }
    };
}

colormaps! {
    /// Black over red to pale yellow.
    Inferno "inferno" INFERNO;
    /// Black over purple to pale yellow.
    Magma "magma" MAGMA;
    /// Blue over red to yellow.
    Plasma "plasma" PLASMA;
    /// Violet over green to yellow.
    Viridis "viridis" VIRIDIS;
    /// Blue to yellow, the same with colour-blind eyes.
    Cividis "cividis" CIVIDIS;
    /// A smooth rainbow.
    Turbo "turbo" TURBO;
    /// White to black.
    Greys "greys" GREYS;
}

impl Colormap {
    /// The colour, as red, green and blue, of `t` between 0 and 1; values outside are taken as 0 or 1.
    pub fn color(self, t: f64) -> [u8; 3] {
        self.gradient().eval_continuous(t.clamp(0.0, 1.0)).as_array()
    }

    /// The colours of 1024 equally spaced numbers: finer than the eye.
    pub(super) fn table(self) -> Vec<[u8; 3]> {
        (0..1024).map(|step| self.color(f64::from(step) / 1023.0)).collect()
    }
}

impl fmt::Display for Colormap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Colormap {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.iter().find(|map| map.name().eq_ignore_ascii_case(name));
        found.copied().ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|map| map.name()).collect();
            Error::argument(format!("there is no colour map {name:?}; there are {}", names.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_unknown_ones_named() {
        assert_eq!("Viridis".parse::<Colormap>().unwrap(), Colormap::Viridis);
        let error = "jet".parse::<Colormap>().unwrap_err();
        assert!(error.is_argument() && error.to_string().contains("\"jet\"") && error.to_string().contains("inferno"));
        assert_eq!(Colormap::Inferno.color(-1.0), Colormap::Inferno.color(0.0));
    }
}
