import { type Labels, matches, type Selector } from '#api/meta/v1/selector.ts'

/**
 * Items found by the labels that their selectors ask for. A selector that demands a label stands under that label, so whoever has other labels
 * never meets it; only those that demand none (`{}`, `NotIn`, `DoesNotExist`) are asked each time.
 */
export interface LabelIndex<T> {
  add(selector: Selector, item: T): void
  delete(selector: Selector, item: T): void
  /** Every item whose selector these labels fulfil, each once. */
  matching(labels: Labels): T[]
  readonly size: number
}

export function createLabelIndex<T>(): LabelIndex<T> {
  /** By `key=value`, by `key` where any value will do, and by '' where no label is demanded. */
  const byTerm = new Map<string, Map<T, Selector>>()
  let size = 0
  return {
    add(selector, item) {
      for (const term of termsOf(selector)) {
        let items = byTerm.get(term)
        if (items === undefined) byTerm.set(term, (items = new Map()))
        items.set(item, selector)
      }
      size += 1
    },
    delete(selector, item) {
      for (const term of termsOf(selector)) {
        const items = byTerm.get(term)
        items?.delete(item)
        if (items?.size === 0) byTerm.delete(term)
      }
      size -= 1
    },
    matching(labels) {
      const found: T[] = []
      const look = (term: string): void => {
        for (const [item, selector] of byTerm.get(term) ?? []) if (matches(selector, labels)) found.push(item)
      }
      look('')
      for (const key in labels) {
        look(key)
        look(`${key}=${labels[key]}`)
      }
      return found
    },
    get size() {
      return size
    },
  }
}

/** Labels have one value a key, so an item that stands under several values of one key is met at most once. */
function termsOf({ requirements, nothing }: Selector): readonly string[] {
  if (nothing) return []
  const valued = requirements.find(({ operator }) => operator === '=' || operator === '==' || operator === 'in')
  if (valued !== undefined) return [...new Set(valued.values)].map((value) => `${valued.key}=${value}`)
  const present = requirements.find(({ operator }) => operator === 'exists')
  return [present?.key ?? '']
}
