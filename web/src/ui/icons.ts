/**
 * The icons in use, each from its own file: the package's index names thousands, and a development server would load
 * them all.
 */
export { default as ArrowDown } from "@lucide/svelte/icons/arrow-down";
export { default as ArrowLeft } from "@lucide/svelte/icons/arrow-left";
export { default as Check } from "@lucide/svelte/icons/check";
export { default as CheckCheck } from "@lucide/svelte/icons/check-check";
export { default as ChevronRight } from "@lucide/svelte/icons/chevron-right";
export { default as CircleAlert } from "@lucide/svelte/icons/circle-alert";
export { default as CircleCheck } from "@lucide/svelte/icons/circle-check";
export { default as Clock } from "@lucide/svelte/icons/clock";
export { default as Copy } from "@lucide/svelte/icons/copy";
export { default as Eye } from "@lucide/svelte/icons/eye";
export { default as EyeOff } from "@lucide/svelte/icons/eye-off";
export { default as Info } from "@lucide/svelte/icons/info";
export { default as Laptop } from "@lucide/svelte/icons/laptop";
export { default as Lock } from "@lucide/svelte/icons/lock";
export { default as LogOut } from "@lucide/svelte/icons/log-out";
export { default as Palette } from "@lucide/svelte/icons/palette";
export { default as PanelRight } from "@lucide/svelte/icons/panel-right";
export { default as PenLine } from "@lucide/svelte/icons/pen-line";
export { default as Printer } from "@lucide/svelte/icons/printer";
export { default as RotateCw } from "@lucide/svelte/icons/rotate-cw";
export { default as Search } from "@lucide/svelte/icons/search";
export { default as SendHorizontal } from "@lucide/svelte/icons/send-horizontal";
export { default as Settings } from "@lucide/svelte/icons/settings";
export { default as ShieldCheck } from "@lucide/svelte/icons/shield-check";
export { default as Stethoscope } from "@lucide/svelte/icons/stethoscope";
export { default as Trash } from "@lucide/svelte/icons/trash-2";
export { default as TriangleAlert } from "@lucide/svelte/icons/triangle-alert";
export { default as Users } from "@lucide/svelte/icons/users";
export { default as WifiOff } from "@lucide/svelte/icons/wifi-off";
export { default as X } from "@lucide/svelte/icons/x";
