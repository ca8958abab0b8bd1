// What a request over HTTP is refused with.

/** The reason why a request is not answered by what it asks for: a status of HTTP, and a text in the form of Redis's errors. */
export class Refusal extends Error {
  override readonly name: string = 'Refusal';

  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** What whoever brings no token gets, or a wrong one. */
export function denied(): Refusal {
  return new Refusal(401, 'WRONGPASS invalid or missing auth token', { 'www-authenticate': 'Bearer' });
}
