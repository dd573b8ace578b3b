import type { LimitRange, LimitRangeItem } from '#api/core/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { compareQuantity, parseQuantity } from '#lib/quantity.ts'
import { repeats } from '#lib/repeats.ts'
import { checkQualifiedName, duplicate, forbidden, invalid, invalidEach, required } from '#schema/validate.ts'
import { isOvercommitAllowed, validateContainerResourceName, validateResourceName } from './resources.ts'

/** Bounds and defaults of what a namespace's pods, containers and claims ask for must not contradict each other. */
export function validateLimitRange({ spec }: LimitRange): Cause[] {
  const items = spec.limits ?? []
  const isRepeated = repeats(items.map(({ type }) => type))
  return items.flatMap((item, i) => {
    const at = `spec.limits[${i}]`
    return [
      ...validateType(item.type, `${at}.type`),
      ...(isRepeated[i] ? [duplicate(`${at}.type`, item.type)] : []),
      ...validateItem(item, at),
    ]
  })
}

const types = ['Pod', 'Container', 'PersistentVolumeClaim']

function validateType(type: string, path: string): Cause[] {
  const causes = invalidEach(path, type, checkQualifiedName(type))
  if (causes.length > 0 || type.includes('/') || types.includes(type)) return causes
  return [invalid(path, type, 'must be a standard limit type or fully qualified')]
}

function validateItem(item: LimitRangeItem, path: string): Cause[] {
  const { type, max = {}, min = {}, maxLimitRequestRatio: ratios = {} } = item
  const isPod = type === 'Pod'
  const defaults = isPod ? {} : (item.default ?? {})
  const requests = isPod ? {} : (item.defaultRequest ?? {})
  const causes: Cause[] = []
  if (isPod)
    for (const name of ['default', 'defaultRequest'] as const)
      if (Object.keys(item[name] ?? {}).length > 0) causes.push(forbidden(`${path}.${name}`, "may not be specified when `type` is 'Pod'"))
  const checkName = type === 'Pod' || type === 'Container' ? validateContainerResourceName : validateResourceName
  const names = new Set<string>()
  for (const [list, amounts] of Object.entries({ max, min, default: defaults, defaultRequest: requests, maxLimitRequestRatio: ratios }))
    for (const name of Object.keys(amounts)) {
      causes.push(...checkName(name, `${path}.${list}[${name}]`))
      names.add(name)
    }
  if (type === 'PersistentVolumeClaim' && min.storage === undefined && max.storage === undefined)
    causes.push(required(`${path}.limits`, 'either minimum or maximum storage value is required, but neither was provided'))
  for (const name of names) {
    const amounts = { max: max[name], min: min[name], limit: defaults[name], request: requests[name], ratio: ratios[name] }
    causes.push(...validateAmounts(name, amounts, path))
  }
  return causes
}

interface Amounts {
  readonly max: string | undefined
  readonly min: string | undefined
  readonly limit: string | undefined
  readonly request: string | undefined
  readonly ratio: string | undefined
}

function validateAmounts(name: string, { max, min, limit, request, ratio }: Amounts, path: string): Cause[] {
  const causes: Cause[] = []
  const exceeds = (small: string | undefined, large: string | undefined): boolean =>
    small !== undefined && large !== undefined && compareQuantity(small, large) > 0
  const add = (list: string, value: string | undefined, detail: string) => causes.push(invalid(`${path}.${list}[${name}]`, value, detail))
  if (exceeds(min, max)) add('min', min, `min value ${min} is greater than max value ${max}`)
  if (exceeds(min, request)) add('defaultRequest', request, `min value ${min} is greater than default request value ${request}`)
  if (exceeds(request, max)) add('defaultRequest', request, `default request value ${request} is greater than max value ${max}`)
  if (exceeds(request, limit))
    add('defaultRequest', request, `default request value ${request} is greater than default limit value ${limit}`)
  // The reference shows the bound, not the default, in the next two.
  if (exceeds(min, limit)) add('default', min, `min value ${min} is greater than default value ${limit}`)
  if (exceeds(limit, max)) add('default', max, `default value ${limit} is greater than max value ${max}`)
  if (ratio !== undefined) {
    if (compareQuantity(ratio, '1') < 0) add('maxLimitRequestRatio', ratio, `ratio ${ratio} is less than 1`)
    if (min !== undefined && max !== undefined) {
      // As the reference reckons: in thousandths where all three are small enough for it, else in whole units.
      const isSmall = [ratio, min, max].every((text) => wholeOf(text) < MILLI_MAX)
      const [asked, low, high] = isSmall
        ? [milliOf(ratio) / 1000, milliOf(min), milliOf(max)]
        : [ratio, min, max].map((text) => Number(wholeOf(text)))
      const most = high! / low!
      if (asked! > most) add('maxLimitRequestRatio', ratio, `ratio ${ratio} is greater than max/min = ${most.toFixed(6)}`)
    }
  }
  if (!isOvercommitAllowed(name) && limit !== undefined && request !== undefined && compareQuantity(limit, request) !== 0)
    add('defaultRequest', request, `default value ${limit} must equal to defaultRequest value ${request} in ${name}`)
  return causes
}

const MILLI_MAX = (2n ** 63n - 1n) / 1000n
const INT64_MAX = 2n ** 63n - 1n
const upTo = (value: bigint): bigint => (value > INT64_MAX ? INT64_MAX : value)
const divideUp = (value: bigint, by: bigint): bigint => value / by + (value > 0n && value % by !== 0n ? 1n : 0n)
const wholeOf = (text: string): bigint => upTo(divideUp(parseQuantity(text).nano, 1_000_000_000n))
const milliOf = (text: string): number => Number(upTo(divideUp(parseQuantity(text).nano, 1_000_000n)))
