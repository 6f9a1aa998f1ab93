import type { LucideIcon } from "@lucide/svelte";

/** One thing that a menu can do. */
export interface MenuItem {
  /** For tests: `data-action`. */
  name: string;
  label: string;
  icon: LucideIcon;
  danger?: boolean;
  /** A line stands above it. */
  apart?: boolean;
  select: () => void;
}

/** The element that a menu opens at, or the pointer's place in pixels of the window. */
export type MenuPlace = HTMLElement | { x: number; y: number };
