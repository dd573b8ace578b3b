/**
 * Order of two resourceVersions of one server. They are decimal numbers of any length (KEP-5504 makes that a promise), so text decides:
 * the longer is the newer. '' is older than all.
 */
export function compareResourceVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length
  return a < b ? -1 : a > b ? 1 : 0
}
