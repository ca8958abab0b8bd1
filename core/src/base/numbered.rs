//! Enumerations whose values have numbers on the way between an engine and its embedder.

/// Declares an enumeration of the given numbers, which count from 0, and the list of all its values in their order.
macro_rules! numbered {
    (
        $(#[$about:meta])*
        $visibility:vis enum $name:ident {
            $($(#[$about_value:meta])* $value:ident = $number:literal,)*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u32)]
        $visibility enum $name {
            $($(#[$about_value])* $value = $number,)*
        }

        impl $name {
            /// All of them, in the order of their numbers.
            pub const ALL: [$name; [$($name::$value),*].len()] = [$($name::$value),*];
        }

        const _: () = {
            let mut index = 0;
            while index < $name::ALL.len() {
                assert!($name::ALL[index] as usize == index, "the numbers count from 0");
                index += 1;
            }
        };
    };
}

pub(crate) use numbered;
