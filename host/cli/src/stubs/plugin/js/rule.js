// The rule. Knows nothing of Sextant, so that it is tested like any other module.

/** Why a plan that touches so many hosts should not run; undefined if it may. */
export function objection(hosts, atMost) {
  if (hosts <= atMost) return undefined;
  return `it touches ${hosts} hosts, at most ${atMost} are allowed at once`;
}
