// Passwords that live for minutes. Knows nothing of Sextant, so that it is tested like any other module.

/** Where passwords are given out; undefined if the configured one is used. */
export function address(settings) {
  return settings.tokens ?? undefined;
}

/** What an answer gives. */
export function userAndPassword(status, body) {
  if (status !== 200) throw new Error(`the server answered ${status}`);
  let token;
  try {
    token = JSON.parse(body);
  } catch {
    token = undefined;
  }
  if (typeof token?.user !== 'string' || typeof token?.password !== 'string') {
    throw new Error('the answer has no user and password');
  }
  return [token.user, token.password];
}
