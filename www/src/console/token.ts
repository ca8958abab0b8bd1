/** What lets the page in: from the address it was opened with, or as it was typed in this tab. */

/** Where it is kept until the tab is closed. */
const KEPT = 'sanderling-console-token';

/** The token, if there is one. That of the address is taken out of it, so that it is not seen, copied or kept there. */
export function knownToken(): string | undefined {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given !== null) {
    history.replaceState(null, '', location.pathname + location.search);
    keepToken(given);
    return given;
  }
  try {
    return sessionStorage.getItem(KEPT) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a token for this tab. */
export function keepToken(token: string): void {
  try {
    sessionStorage.setItem(KEPT, token);
  } catch {
    // Storage may be forbidden; then it is asked for again.
  }
}

/** Forgets it. */
export function forgetToken(): void {
  try {
    sessionStorage.removeItem(KEPT);
  } catch {
    // There is none where storage is forbidden.
  }
}

/** What a user brings in place of a token, as ACL RESTTOKEN gives it. */
export function tokenOf(user: string, password: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(`${user}:${password}`)));
}
