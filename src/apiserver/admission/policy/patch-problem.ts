/** One operation of a JSON patch that could not be carried out. */
interface Operation {
  readonly op: string
  readonly path: string
  readonly from?: string
}

/** Why an operation fails on a document, in the words of the reference's patch library; `undefined`: a `test` that does not hold. */
export function patchProblem(document: unknown, { op, path, from = '' }: Operation): string | undefined {
  const missing = 'missing value'
  const target = containerOf(document, path)
  switch (op) {
    case 'add':
      return target === undefined
        ? `add operation does not apply: doc is missing path: "${path}": ${missing}`
        : `error in add for path: '${path}': ${indexProblem(target, path)}`
    case 'remove':
      return target === undefined
        ? `remove operation does not apply: doc is missing path: "${path}": ${missing}`
        : `error in remove for path: '${path}': ${removalProblem(target, path)}`
    case 'replace':
      return target === undefined
        ? `replace operation does not apply: doc is missing path: ${path}: ${missing}`
        : `replace operation does not apply: doc is missing key: ${path}: ${missing}`
    case 'move':
    case 'copy': {
      const source = containerOf(document, from)
      if (source === undefined) return `${op} operation does not apply: doc is missing from path: ${from}: ${missing}`
      if (op === 'move' && !has(source, keyOf(from))) return `error in move for path: '${keyOf(from)}': ${removalProblem(source, from)}`
      if (target === undefined) return `${op} operation does not apply: doc is missing destination path: ${path}: ${missing}`
      return `error in ${op} for path: '${path}': ${indexProblem(target, path)}`
    }
    case 'test':
      return target === undefined ? `test operation does not apply: is missing path: ${path}: ${missing}` : undefined
    default:
      return `Unexpected kind: ${op}`
  }
}

type Container = Readonly<Record<string, unknown>> | readonly unknown[]

const tokensOf = (path: string): readonly string[] =>
  path
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
const keyOf = (path: string): string => tokensOf(path).at(-1) ?? ''

/** The object or list that a pointer's last token is looked up in. */
function containerOf(document: unknown, path: string): Container | undefined {
  let current = document
  for (const token of tokensOf(path).slice(0, -1)) current = childOf(current, token)
  return typeof current === 'object' && current !== null ? (current as Container) : undefined
}

function childOf(current: unknown, token: string): unknown {
  if (typeof current !== 'object' || current === null) return undefined
  return Object.hasOwn(current, token) ? (current as Readonly<Record<string, unknown>>)[token] : undefined
}

const has = (container: Container, key: string): boolean => Object.hasOwn(container, key)

function removalProblem(container: Container, path: string): string {
  return Array.isArray(container) ? indexProblem(container, path) : `Unable to remove nonexistent key: ${keyOf(path)}: missing value`
}

function indexProblem(container: Container, path: string): string {
  const key = keyOf(path)
  if (!Array.isArray(container)) return 'invalid state detected'
  if (!/^[+-]?\d+$/.test(key))
    return `value was not a proper array index: '${key}': strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`
  return `Unable to access invalid index: ${Number(key)}: invalid index referenced`
}
