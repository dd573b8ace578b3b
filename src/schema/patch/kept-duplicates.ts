import { isObject } from '#schema/fields.ts'

/**
 * Keys that a JSON patch gives twice, as far as they stand in its result too. The reference keeps a value as the text that was sent until an
 * operation reaches into it, so who reads the result comes upon them once more. `duplicates` are those of the patch, in the form
 * `duplicate field "[0].value.a"`; the answer has the result's paths instead.
 */
export function keptDuplicates(duplicates: readonly string[], operations: readonly unknown[], result: unknown): string[] {
  const steps = operations.map(stepOf)
  return duplicates.flatMap((text) => {
    const [, index, rest] = /^duplicate field "\[(\d+)\]\.value\.?(.*)"$/s.exec(text) ?? []
    if (index === undefined || rest === undefined) return []
    const step = steps[Number(index)]!
    if (step.op !== 'add' && step.op !== 'replace') return []
    const later = steps.slice(Number(index) + 1)
    const place = [...placeOf(step.path, later, result), ...(rest.match(/[^.[\]]+/g) ?? [])]
    // Of the whole document the reference reads all keys at once.
    if (step.path.length === 0 && place.length === 1) return []
    const isOpened = later.some(({ path, from }) => [path, from].some((other) => other !== undefined && opens(other, place)))
    return isOpened ? [] : [`duplicate field "${fieldPath(place, result)}"`]
  })
}

interface Step {
  readonly op: unknown
  readonly path: readonly string[]
  readonly from: readonly string[] | undefined
}

function stepOf(operation: unknown): Step {
  const { op, path, from } = (isObject(operation) ? operation : {}) as Readonly<Record<string, unknown>>
  return { op, path: tokensOf(path), from: op === 'move' ? tokensOf(from) : undefined }
}

const tokensOf = (pointer: unknown): readonly string[] =>
  typeof pointer === 'string'
    ? pointer
        .split('/')
        .slice(1)
        .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    : []

/** Where the value stands in the end: `-` is the place after the last one, before those that came later. */
function placeOf(path: readonly string[], later: readonly Step[], result: unknown): readonly string[] {
  if (path.at(-1) !== '-') return path
  const parent = path.slice(0, -1)
  const items = parent.reduce<unknown>(partOf, result)
  const after = later.filter(({ op, path: other }) => op === 'add' && other.join('/') === path.join('/')).length
  return Array.isArray(items) ? [...parent, `${items.length - 1 - after}`] : path
}

/** Whether an operation at `path` reads what stands at `place`, or what holds it: a key is read with the object that it is in. */
function opens(path: readonly string[], place: readonly string[]): boolean {
  if (path.length === 0) return true
  const holder = place.slice(0, -1)
  const shared = Math.min(path.length - 1, holder.length)
  return holder.slice(0, shared).every((token, i) => token === path[i]) && (path.length > holder.length || holder[shared] === path[shared])
}

function fieldPath(place: readonly string[], result: unknown): string {
  let text = ''
  let current = result
  for (const token of place) {
    text += Array.isArray(current) ? `[${token}]` : text === '' ? token : `.${token}`
    current = partOf(current, token)
  }
  return text
}

const partOf = (whole: unknown, token: string): unknown => (whole as Readonly<Record<string, unknown>> | undefined | null)?.[token]
