/** Addresses of the client, on the History API. About ten routes need no library. */

export type Route =
  | { name: "home" }
  | { name: "conversation"; id: string }
  | { name: "new" }
  | { name: "new-group" }
  | { name: "reports"; id: string | null }
  | { name: "settings"; section: SettingsSection | null }
  | { name: "activate" }
  | { name: "sign-in" }
  | { name: "recover" }
  | { name: "reset" };

export const settingsSections = ["look", "privacy", "devices", "ledger", "diagnostics"] as const;
export type SettingsSection = (typeof settingsSections)[number];

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** A report goes by the id of the message that brought it, which has no hyphens. */
const reportId = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/;

/** The route of a path; an address that we do not know is home. */
export function parse(path: string): Route {
  const [first = "", second = ""] = path.split("/").filter(Boolean);
  switch (first) {
    case "c":
      return uuid.test(second) ? { name: "conversation", id: second } : { name: "home" };
    case "settings":
      return { name: "settings", section: settingsSections.find((section) => section === second) ?? null };
    case "new":
      return { name: second === "group" ? "new-group" : "new" };
    case "reports":
      return { name: "reports", id: reportId.test(second) ? second : null };
    case "activate":
    case "sign-in":
    case "recover":
    case "reset":
      return { name: first };
    default:
      return { name: "home" };
  }
}

export function pathOf(route: Route): string {
  switch (route.name) {
    case "home":
      return "/";
    case "conversation":
      return `/c/${route.id}`;
    case "new-group":
      return "/new/group";
    case "reports":
      return route.id ? `/reports/${route.id}` : "/reports";
    case "settings":
      return route.section ? `/settings/${route.section}` : "/settings";
    default:
      return `/${route.name}`;
  }
}

let current = $state<Route>({ name: "home" });

export function route(): Route {
  return current;
}

/** Go to a route; `replace` leaves no step to come back to. */
export function go(to: Route, { replace = false } = {}): void {
  const path = pathOf(to);
  if (path !== location.pathname) history[replace ? "replaceState" : "pushState"](null, "", path);
  current = to;
}

/** Read the address bar, follow back and forward, and take clicks on our own links. Returns the undoing. */
export function startRouter(): () => void {
  const read = (): void => {
    current = parse(location.pathname);
  };
  const click = (event: MouseEvent): void => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest("a");
    if (link?.origin !== location.origin || link.target || link.hasAttribute("download")) return;
    event.preventDefault();
    go(parse(link.pathname));
  };
  read();
  window.addEventListener("popstate", read);
  document.addEventListener("click", click);
  return () => {
    window.removeEventListener("popstate", read);
    document.removeEventListener("click", click);
  };
}
