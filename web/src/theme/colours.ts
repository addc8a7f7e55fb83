/** A colour of the palette as the browser has it now, for what draws by itself (maps, charts). */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
}
