// What is told. Knows nothing of Sextant, so that it is tested like any other module.

/** What happened, in a sentence. */
export function sentence(what, kind, seconds, error) {
  if (kind === 'started') return `${what} begins`;
  if (error !== undefined) return `${what} failed after ${seconds} s: ${error}`;
  return `${what} ${kind} after ${seconds} s`;
}
