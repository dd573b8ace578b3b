/**
 * Of each value whether it stands before already, compared as keys of a Map. Lists in objects may have hundreds of thousands of items: to look
 * each of them up among those before it would hold everybody up for minutes.
 */
export function repeats(values: readonly unknown[]): readonly boolean[] {
  const seen = new Set<unknown>()
  return values.map((value) => {
    const isRepeated = seen.has(value)
    seen.add(value)
    return isRepeated
  })
}
