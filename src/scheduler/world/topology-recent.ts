/** Things made when first asked for; of more than `max`, the one that was asked for longest ago is given up. */
export interface Recent<T> {
  get(key: string, make: () => T): T
  /** Gives it up at once. */
  drop(key: string): void
  values(): Iterable<T>
  readonly size: number
}

/** `giveUp` undoes what making it did. */
export function createRecent<T>(max: number, giveUp: (entry: T) => void): Recent<T> {
  const entries = new Map<string, T>()
  let latest: { readonly key: string; readonly entry: T } | undefined
  const drop = (key: string): void => {
    const entry = entries.get(key)
    if (entry === undefined) return
    entries.delete(key)
    if (latest?.key === key) latest = undefined
    giveUp(entry)
  }
  return {
    get(key, make) {
      if (latest?.key === key) return latest.entry
      let entry = entries.get(key)
      if (entry !== undefined) entries.delete(key)
      else {
        if (entries.size >= max) drop(entries.keys().next().value!)
        entry = make()
      }
      entries.set(key, entry)
      latest = { key, entry }
      return entry
    },
    drop,
    values: () => entries.values(),
    get size() {
      return entries.size
    },
  }
}
