/**
 * Worker addresses under Trusted Types. The page's CSP lists the policy `beep-worker` once and refuses a second one of
 * that name, so every layer that starts a worker takes its address from here. Only addresses of our own origin
 * under /assets/ (or /sw.js) pass.
 */

/** The part of the Trusted Types API that is used here; TypeScript's DOM library has none of it. */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): unknown };
}

/** True for a path that our own build serves as a script. */
function isOwnScript(url: string): boolean {
  const { origin, href } = globalThis.location;
  const address = new URL(url, href);
  if (address.origin !== origin) return false;
  // Vite's development server serves sources by their path; a production build has neither of these prefixes.
  const prefixes = import.meta.env.DEV ? ["/assets/", "/src/", "/node_modules/", "/@fs/"] : ["/assets/"];
  return address.pathname === "/sw.js" || prefixes.some((prefix) => address.pathname.startsWith(prefix));
}

let policy: { createScriptURL(url: string): unknown } | undefined;

/**
 * The address of a worker script, accepted by Trusted Types.
 *
 * @throws TypeError when the address is not one of our own scripts.
 */
export function trustedScriptUrl(url: string | URL): string {
  const rules = {
    createScriptURL(text: string): string {
      if (!isOwnScript(text)) throw new TypeError("not a script of this application");
      return text;
    },
  };
  const factory = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
  policy ??= factory ? factory.createPolicy("beep-worker", rules) : rules;
  // The DOM library types worker addresses as strings; the browser accepts the TrustedScriptURL.
  return policy.createScriptURL(String(url)) as string;
}
