import { quote } from './go-text.ts'

/**
 * Keys given twice, or more often, in a JSON text that has been read already, as `duplicate field "spec.containers[0].name"`. Stops at 100,
 * as the reference does.
 */
export function findDuplicates(text: string): string[] {
  const found = new Set<string>()
  eachKey(text, (stack, key, isRepeated) => {
    if (isRepeated) found.add(`duplicate field ${quote(pathOf(stack, key))}`)
    return found.size < FOUND_MAX ? 'on' : 'stop'
  })
  return [...found]
}

/**
 * Unknown fields and those given twice in the order in which the text shows them, as the reference's decoder comes upon them. Nothing is said
 * of what stands in an unknown field. `unknown`: in the form `unknown field "spec.x"`.
 */
export function inDocumentOrder(text: string, unknown: readonly string[]): string[] {
  const left = new Set(unknown)
  const lengths = new Set(unknown.map((problem) => problem.length))
  const unknownPaths = new Set<string>()
  const found = new Set<string>()
  eachKey(text, (stack, key, isRepeated) => {
    // Making a path takes as long as it is deep; most keys are not even as long as an unknown one's.
    if (!isRepeated && !lengths.has(problemLength(stack, key))) return 'on'
    const path = pathOf(stack, key)
    const problem = `unknown field ${quote(path)}`
    const isUnknown = left.delete(problem)
    if (isUnknown) {
      unknownPaths.add(path)
      found.add(problem)
    } else if (unknownPaths.has(path)) return 'skip'
    else if (isRepeated) found.add(`duplicate field ${quote(path)}`)
    return found.size >= FOUND_MAX ? 'stop' : isUnknown ? 'skip' : 'on'
  })
  return [...found, ...left].slice(0, FOUND_MAX)
}

/** Calls for each key of a JSON text that has been read already; what it says is whether to go on, past the key's value (`skip`) or not at all. */
function eachKey(text: string, visit: (stack: readonly Level[], key: string, isRepeated: boolean) => 'on' | 'skip' | 'stop'): void {
  const stack: Level[] = []
  let level: Level | undefined
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) {
      const end = endOfString(text, i)
      if (level?.keys !== undefined && level.isKeyNext && !level.isSkipped) {
        const key = keyText(text, i, end)
        level.isKeyNext = false
        level.step = key
        const isRepeated = level.keys.has(key)
        if (!isRepeated) level.keys.add(key)
        const next = visit(stack, key, isRepeated)
        if (next === 'stop') return
        level.skips = next === 'skip'
      }
      i = end
    } else if (code === OPEN_OBJECT || code === OPEN_LIST) {
      const isObject: boolean = code === OPEN_OBJECT
      const isSkipped: boolean = level !== undefined && (level.isSkipped || level.skips)
      level = {
        keys: isObject ? new Set() : undefined,
        isKeyNext: isObject,
        step: '',
        index: 0,
        path: undefined,
        pathLength: undefined,
        isSkipped,
        skips: false,
      }
      stack.push(level)
    } else if (code === CLOSE_OBJECT || code === CLOSE_LIST) {
      stack.pop()
      level = stack.at(-1)
    } else if (code === COMMA && level !== undefined) {
      if (level.keys === undefined) level.index += 1
      else level.isKeyNext = true
    }
  }
}

interface Level {
  /** Undefined in a list. */
  readonly keys: Set<string> | undefined
  isKeyNext: boolean
  /** The key whose value is being read. */
  step: string
  index: number
  /** Its own path, once it was asked for: keys beside each other share it. */
  path: string | undefined
  /** How long it is when quoted, once that was asked for. */
  pathLength: number | undefined
  /** Nobody wants to hear of its keys. */
  readonly isSkipped: boolean
  /** Nor of those in the value of the present one. */
  skips: boolean
}

const FOUND_MAX = 100
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (text.charCodeAt(end - 1) === BACKSLASH && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end
}

/** After an odd number of backslashes. */
function isEscaped(text: string, at: number): boolean {
  let start = at
  while (text.charCodeAt(start - 1) === BACKSLASH) start -= 1
  return (at - start) % 2 === 1
}

function keyText(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end)
  return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw
}

function pathOf(stack: readonly Level[], key: string): string {
  const level = stack.at(-1)!
  level.path ??= levelPath(stack)
  return level.path === '' ? key : `${level.path}.${key}`
}

function levelPath(stack: readonly Level[]): string {
  let path = ''
  for (const level of stack.slice(0, -1)) {
    if (level.keys === undefined) path += `[${level.index}]`
    else path += path === '' ? level.step : `.${level.step}`
  }
  return path
}

/** How long `unknown field "…"` of this key would be, without making its path. */
function problemLength(stack: readonly Level[], key: string): number {
  let known = stack.length - 1
  while (known > 0 && stack[known]!.pathLength === undefined) known -= 1
  stack[0]!.pathLength = 0
  for (let i = known + 1; i < stack.length; i += 1) {
    const { keys, index, step, pathLength = 0 } = stack[i - 1]!
    stack[i]!.pathLength = keys === undefined ? pathLength + `[${index}]`.length : joinedLength(pathLength, step)
  }
  return 'unknown field ""'.length + joinedLength(stack.at(-1)!.pathLength!, key)
}

const joinedLength = (outer: number, step: string): number => (outer === 0 ? 0 : outer + 1) + quote(step).length - 2
