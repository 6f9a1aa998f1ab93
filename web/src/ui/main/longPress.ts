/** A context menu for a finger: iOS has no `contextmenu` event, so a press that rests counts as one. */

/** Milliseconds; what the platforms take for long. */
const long = 500;
/** Pixels of trembling. */
const slack = 10;

interface Point {
  x: number;
  y: number;
}

/** Calls `open` at the pointer's place: on a right click, on the keyboard's menu key, on a long press. */
export function contextPress(node: HTMLElement, open: (at: Point) => void): { destroy: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let start: Point | null = null;
  /** The finger rests and the menu waits for it to leave, or the leaving would close what it opened. */
  let due = false;

  const stop = (): void => {
    clearTimeout(timer);
    start = null;
    due = false;
  };
  const down = (event: PointerEvent): void => {
    stop();
    if (event.pointerType !== "touch" || isLink(event.target)) return;
    start = { x: event.clientX, y: event.clientY };
    timer = setTimeout(() => (due = true), long);
  };
  const move = (event: PointerEvent): void => {
    if (start && Math.hypot(event.clientX - start.x, event.clientY - start.y) > slack) stop();
  };
  const up = (): void => {
    const at = due ? start : null;
    stop();
    if (at) setTimeout(() => open(at));
  };
  const menu = (event: MouseEvent): void => {
    // A link and chosen text have a menu of the browser's own, which is wanted there.
    if (isLink(event.target) || getSelection()?.isCollapsed === false) return;
    event.preventDefault();
    // Of a finger that still rests: its lifting opens.
    if (start) due = true;
    else open({ x: event.clientX, y: event.clientY });
  };

  node.addEventListener("pointerdown", down);
  node.addEventListener("pointermove", move);
  node.addEventListener("pointerup", up);
  node.addEventListener("pointercancel", stop);
  node.addEventListener("contextmenu", menu);
  return {
    destroy: () => {
      stop();
      node.removeEventListener("pointerdown", down);
      node.removeEventListener("pointermove", move);
      node.removeEventListener("pointerup", up);
      node.removeEventListener("pointercancel", stop);
      node.removeEventListener("contextmenu", menu);
    },
  };
}

function isLink(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("a") !== null;
}
