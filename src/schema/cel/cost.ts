import type { CallCost, CallEstimator, Range, SizedNode } from '#lib/cel/environment.ts'
import { addRanges, exactly, multiplyRanges, scaleRange, unbounded } from '#lib/cel/range.ts'
import { actualSize, patternFactor, traversalFactor } from '#lib/cel/runtime-cost.ts'
import type { CelType } from '#lib/cel/types.ts'
import { entryOf, itemsOf, keysOf, kindOf, type ListValue, type MapValue, type OpaqueValue, type Value } from '#lib/cel/values.ts'

/** What one expression may cost, and all of a policy, a definition's rules or a set of match conditions together. Fixed by the API. */
export const perCallLimit = 1_000_000
/** What all expressions of one policy, or of one definition's rules, may cost together in a request (`RuntimeCELCostBudget`). */
export const runtimeBudget = 10_000_000
/** What a set of match conditions may cost together (`RuntimeCELCostBudgetMatchConditions`). */
export const matchConditionsBudget = 2_500_000

const accessors: ReadonlySet<string> = new Set(
  (
    'serviceAccount path group resource subresource namespace name allowed reason error errored masked prefixLength family isUnspecified ' +
    'isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast format.named sign asInteger isInteger asApproximateFloat ' +
    'isGreaterThan isLessThan compareTo add sub major minor patch getScheme getHostname getHost getPort getEscapedPath getQuery'
  ).split(' '),
)
/** Types whose values are compared at one unit. */
const opaquelyEqual: ReadonlySet<string> = new Set(['kubernetes.Quantity', 'kubernetes.Semver', 'net.IP', 'net.CIDR'])

/** A check asks the authorizer: two of them are as much as an expression may cost. */
const checkCost = 350_000

const traversal = (value: Value | undefined, factor = traversalFactor): number => Math.ceil(actualSize(value as Value) * factor)

/** The cost of going over all of a value. */
function wholeTraversal(value: Value): number {
  switch (kindOf(value)) {
    case 'string':
      return Math.floor(Buffer.byteLength(value as string) * traversalFactor)
    case 'bytes':
      return Math.floor((value as Uint8Array).length * traversalFactor)
    case 'list': {
      let sum = 0
      for (const item of itemsOf(value as ListValue)) sum += wholeTraversal(item)
      return sum
    }
    case 'map':
    case 'record': {
      let sum = 0
      for (const key of keysOf(value as MapValue)) sum += wholeTraversal(key) + wholeTraversal(entryOf(value as MapValue, key) as Value)
      return sum
    }
    default:
      return 1
  }
}

/** What calls of Kubernetes' libraries cost (`k8s.io/apiserver/pkg/cel/library/cost.go`). */
export const kubernetesCallCost: CallCost = (name, overloadId, args, result) => {
  if (accessors.has(name)) return 1
  const [first, second] = args
  switch (name) {
    case 'check':
      return checkCost
    case 'fieldSelector':
    case 'labelSelector':
      return selectorCost(exactly(actualSize(second as Value))).max
    case 'isSorted':
    case 'sum':
    case 'max':
    case 'min':
    case 'indexOf':
    case 'lastIndexOf':
      return first === undefined ? 0 : wholeTraversal(first)
    case 'url':
    case 'lowerAscii':
    case 'upperAscii':
    case 'substring':
    case 'trim':
    case 'jsonpatch.escapeKey':
    case 'cidr':
    case 'isIP':
    case 'isCIDR':
    case 'quantity':
    case 'isQuantity':
    case 'semver':
    case 'isSemver':
      return traversal(first)
    case 'ip':
      return overloadId === 'cidr_ip' ? 1 : traversal(first)
    case 'ip.isCanonical':
    case 'replace':
    case 'split':
      return traversal(first, 2 * traversalFactor)
    case 'join':
      return traversal(result, 2 * traversalFactor)
    case 'find':
    case 'findAll':
      return patternCost(actualSize(first as Value), actualSize(second as Value))
    case 'containsIP':
    case 'containsCIDR': {
      const size = actualSize(first as Value)
      const compared = Math.ceil(2 * size * traversalFactor) + (name === 'containsCIDR' ? Math.ceil(size * traversalFactor) + 1 : 0)
      return overloadId.endsWith('_string') ? compared + traversal(second) : compared
    }
    case 'validate': {
      const format = kindOf(first as Value) === 'opaque' ? ((first as OpaqueValue).value as { patternLength?: number }) : undefined
      return format?.patternLength === undefined ? undefined : patternCost(actualSize(second as Value), format.patternLength)
    }
    case '_==_':
      return kindOf(first as Value) === 'opaque' ? 1 : undefined
    default:
      return undefined
  }
}
const patternCost = (text: number, source: number): number => Math.ceil((1 + text) * traversalFactor) * Math.ceil(source * patternFactor)

/** A selector is a list of requirements, each at least two characters, of a structure and a list. */
const selectorCost = (length: Range): Range =>
  addRanges(exactly(10), scaleRange(length, traversalFactor), scaleRange(scaleRange(length, 0.5), 50))

/** What they may cost. */
export const kubernetesCallEstimate: CallEstimator = (name, overloadId, target, args, sizeOf) => {
  if (accessors.has(name)) return { cost: exactly(1) }
  const [first, second] = args
  const walk = (node: SizedNode, factor = traversalFactor): Range => scaleRange(sizeOf(node), factor)
  switch (name) {
    case 'check':
      return { cost: exactly(checkCost) }
    case 'fieldSelector':
    case 'labelSelector':
      return first && { cost: selectorCost(sizeOf(first)) }
    case 'isSorted':
    case 'sum':
    case 'max':
    case 'min':
    case 'indexOf':
    case 'lastIndexOf':
      return target && { cost: itemsCost(target, sizeOf) }
    case 'url':
    case 'jsonpatch.escapeKey':
      return first && { cost: walk(first), size: sizeOf(first) }
    case 'lowerAscii':
    case 'upperAscii':
    case 'substring':
    case 'trim':
      return target && { cost: walk(target), size: sizeOf(target) }
    case 'replace':
      return (
        target &&
        first &&
        second && { cost: walk(target, 2 * traversalFactor), size: replacedSize(sizeOf(target), sizeOf(first), sizeOf(second)) }
      )
    case 'split': {
      if (target === undefined) return undefined
      const limit = second?.expr?.kind === 'literal' && typeof second.expr.value === 'bigint' ? Number(second.expr.value) : undefined
      return {
        cost: walk(target, 2 * traversalFactor),
        size: { min: 0, max: limit === undefined ? sizeOf(target).max : limit < 0 ? unbounded : limit },
      }
    }
    case 'join': {
      if (target === undefined) return undefined
      const count = sizeOf(target)
      const item = itemOf(target)
      const texts = item === undefined ? exactly(0) : multiplyRanges(count, sizeOf(item))
      const separators = { min: Math.max(0, count.min - 1), max: Math.max(0, count.max - 1) }
      const size = first === undefined ? texts : addRanges(texts, multiplyRanges(sizeOf(first), separators))
      return { cost: scaleRange(size, traversalFactor), size }
    }
    case 'find':
    case 'findAll': {
      if (target === undefined || first === undefined) return undefined
      const text = scaleRange(addRanges(sizeOf(target), exactly(1)), traversalFactor)
      return { cost: multiplyRanges(text, scaleRange(sizeOf(first), patternFactor)), size: { min: 0, max: sizeOf(target).max } }
    }
    case 'ip':
      return overloadId === 'cidr_ip' ? { cost: exactly(1) } : first && { cost: walk(first) }
    case 'cidr':
    case 'isIP':
    case 'isCIDR':
    case 'quantity':
    case 'isQuantity':
    case 'semver':
    case 'isSemver':
      return first && { cost: walk(first) }
    case 'ip.isCanonical':
      return first && { cost: walk(first, 2 * traversalFactor) }
    case 'containsIP':
    case 'containsCIDR': {
      if (first === undefined) return undefined
      const address = { min: 4, max: 16 }
      const costs = [scaleRange(addRanges(address, address), traversalFactor)]
      if (name === 'containsCIDR') costs.push(scaleRange(address, traversalFactor), exactly(1))
      if (overloadId.endsWith('_string')) costs.push(walk(first))
      return { cost: addRanges(...costs) }
    }
    case 'validate':
      return first && { cost: scaleRange(walk(first), 128 * patternFactor) }
    case '_==_':
      return equalEstimate(first, second)
    default:
      return undefined
  }
}

function equalEstimate(a: SizedNode | undefined, b: SizedNode | undefined): { cost: Range } | undefined {
  if (a === undefined || b === undefined || a.type.text !== b.type.text) return undefined
  const { name } = a.type
  if (opaquelyEqual.has(name) || name.startsWith('kubernetes.authorization.')) return { cost: exactly(1) }
  if (name === 'kubernetes.NamedFormat') return { cost: scaleRange({ min: 1, max: 64 }, traversalFactor) }
  if (name === 'kubernetes.URL') return { cost: scaleRange({ min: 1, max: b.size?.max ?? 1 }, traversalFactor) }
  return undefined
}

function itemOf(list: SizedNode): SizedNode | undefined {
  const type: CelType | undefined = list.type.parameters[0]
  if (type === undefined) return undefined
  return { expr: undefined, type, path: list.path === undefined ? undefined : [...list.path, '@items'], size: undefined }
}

function itemsCost(target: SizedNode, sizeOf: (node: SizedNode) => Range): Range {
  const item = itemOf(target)
  // A text has no items: `indexOf` goes over it once.
  if (item === undefined) return scaleRange(sizeOf(target), traversalFactor)
  const isText = item.type.kind === 'string' || item.type.kind === 'bytes'
  return multiplyRanges(sizeOf(target), isText ? addRanges(exactly(1), scaleRange(sizeOf(item), traversalFactor)) : exactly(1))
}

/** How long a text is once parts of it are replaced. */
function replacedSize(text: Range, old: Range, by: Range): Range {
  let [minCount, maxCount, minKept, maxKept] = [0, 0, 0, 0]
  if (old.min === 0) {
    maxCount = Math.min(text.max + 1, unbounded)
    maxKept = text.max
  } else if (by.max <= old.min) maxKept = text.max
  else maxCount = Math.ceil(text.max / old.min)
  if (old.max === 0) {
    minCount = Math.min(text.min + 1, unbounded)
    minKept = text.min
  } else if (old.max <= by.min) minKept = text.min
  else minCount = Math.ceil(text.min / old.max)
  return addRanges(multiplyRanges({ min: minCount, max: maxCount }, by), { min: minKept, max: maxKept })
}
