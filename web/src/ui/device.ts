/** What to call this device when nobody has named it: "Firefox, Linux". Sent to the server with the device. */
export function suggestedDeviceName(agent: string): string {
  const browsers: [RegExp, string][] = [
    [/Edg\//u, "Edge"],
    [/Firefox\//u, "Firefox"],
    [/Chrom(e|ium)\//u, "Chrome"],
    [/Safari\//u, "Safari"],
  ];
  const systems: [RegExp, string][] = [
    [/Android/u, "Android"],
    [/iPhone|iPad/u, "iOS"],
    [/Windows/u, "Windows"],
    [/Mac OS/u, "macOS"],
    [/CrOS/u, "ChromeOS"],
    [/Linux/u, "Linux"],
  ];
  const name = (list: [RegExp, string][]): string | undefined =>
    list.find(([pattern]) => pattern.test(agent))?.[1];
  return [name(browsers), name(systems)].filter((part) => part !== undefined).join(", ") || "Browser";
}
