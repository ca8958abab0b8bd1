/** Whether there is a keyboard, as far as a page can know: what is pointed at without hovering is touched. */
export const hasKeys = !matchMedia('(hover: none)').matches;
