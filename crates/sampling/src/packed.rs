//! Sums as bytes: few for the small ones, one or two for a run of zeros.
//!
//! ```text
//! sum s > 0      2 s, in groups of seven bits, the lowest first; the top bit of a byte says that another one follows
//! sum s < 0      -2 s - 1, in the same way
//! k zeros        0, then k - 1 in the same way
//! ```
//! A sum in units of 2^-56 takes 8 to 10 bytes in place of 16, and levels that are empty take none.

/// Appends a number in groups of seven bits.
fn push(mut number: u128, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Takes a number off the front; none where the bytes end before it does, or it does not fit.
fn pull(bytes: &mut &[u8]) -> Option<u128> {
    let mut number = 0_u128;
    for place in (0..u128::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let group = u128::from(byte & 0x7f);
        let shifted = group << place;
        if shifted >> place != group {
            return None;
        }
        number |= shifted;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// The sums as bytes, behind what is in `bytes` already.
pub(crate) fn pack(sums: &[i128], bytes: &mut Vec<u8>) {
    let mut rest = sums;
    while let Some(sum) = rest.first() {
        let zeros = rest.iter().take_while(|s| **s == 0).count();
        if zeros > 0 {
            bytes.push(0);
            push(zeros as u128 - 1, bytes);
        } else {
            push(((sum << 1) ^ (sum >> 127)) as u128, bytes);
        }
        rest = &rest[zeros.max(1)..];
    }
}

/// `count` sums from the bytes of [`pack`]; none for other bytes.
pub(crate) fn unpack(mut bytes: &[u8], count: usize) -> Option<Vec<i128>> {
    let mut sums = Vec::with_capacity(count.min(bytes.len()));
    while !bytes.is_empty() {
        match pull(&mut bytes)? {
            0 => {
                let zeros = usize::try_from(pull(&mut bytes)?).ok()?.checked_add(1)?;
                if zeros > count - sums.len() {
                    return None;
                }
                sums.resize(sums.len() + zeros, 0);
            }
            number if sums.len() < count => {
                sums.push((number >> 1) as i128 ^ -((number & 1) as i128));
            }
            _ => return None,
        }
    }
    (sums.len() == count).then_some(sums)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(sums: &[i128]) -> Vec<u8> {
        let mut bytes = Vec::new();
        pack(sums, &mut bytes);
        bytes
    }

    #[test]
    fn every_sum_comes_back() {
        let mut sums = vec![0, 0, 1, -1, 63, -64, 64, 0, i128::MAX, i128::MIN, 0, 0, 0];
        sums.extend((0..127).flat_map(|k| [1 << k, -(1 << k), (1 << k) - 1]));
        for length in 0..sums.len() {
            let bytes = packed(&sums[..length]);
            assert_eq!(unpack(&bytes, length).as_deref(), Some(&sums[..length]));
            assert_eq!(unpack(&bytes, length + 1), None, "one is missing");
            assert!(length == 0 || unpack(&bytes, length - 1).is_none(), "one too many");
        }
    }

    #[test]
    fn small_sums_and_empty_levels_take_few_bytes() {
        let one = 1_i128 << 56;
        assert_eq!(packed(&[one]).len(), 9);
        assert_eq!(packed(&[1000 * one]).len(), 10);
        assert_eq!(packed(&vec![0; 100_000]).len(), 4);
    }

    #[test]
    fn other_bytes_are_refused() {
        assert_eq!(unpack(&[0x80], 1), None, "cut short");
        assert_eq!(unpack(&[0xff; 19], 1), None, "beyond 128 bits");
        let mut most = vec![0xff; 18];
        most.push(0x03);
        assert_eq!(unpack(&most, 1), Some(vec![i128::MIN]));
        most[18] = 0x04;
        assert_eq!(unpack(&most, 1), None, "the 129th bit");
        assert_eq!(unpack(&[0, 0xff, 0xff, 0xff, 0xff, 0x7f], 7), None, "more zeros than there are sums");
    }
}
