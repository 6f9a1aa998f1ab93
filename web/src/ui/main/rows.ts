/** Key handling shared by lists of links: arrows walk through them, Home and End go to the ends. */
export function walkRows(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-row]")];
  const at = rows.findIndex((row) => row === document.activeElement);
  const target = {
    ArrowDown: Math.min(at + 1, rows.length - 1),
    ArrowUp: Math.max(at - 1, 0),
    Home: at < 0 ? undefined : 0,
    End: at < 0 ? undefined : rows.length - 1,
  }[event.key];
  if (target === undefined || event.altKey || rows.length === 0) return;
  event.preventDefault();
  rows[target]?.focus();
}
