import { parseDuration } from '#lib/duration.ts'
import { WherryError } from '#lib/errors.ts'
import { isQuantity, quantityToNumber } from '#lib/quantity.ts'
import { isSignal, type Observation, type Signal } from './signals.ts'

/** An amount, or a share of the capacity (0 … 1). */
export type Amount = { readonly quantity: number } | { readonly share: number }

/** Less than `value` left for `graceMs` leads to evictions; until `minimumReclaim` more than that is left again, they go on. */
export interface Threshold {
  readonly signal: Signal
  readonly value: Amount
  /** 0: hard, pods get next to no time to end. */
  readonly graceMs: number
  readonly minimumReclaim?: Amount
}

/** The settings as KubeletConfiguration (kubelet.config.k8s.io/v1beta1) has them: by signal, quantities or percents, Go durations. */
export interface EvictionSettings {
  readonly evictionHard?: Readonly<Record<string, string>>
  readonly evictionSoft?: Readonly<Record<string, string>>
  readonly evictionSoftGracePeriod?: Readonly<Record<string, string>>
  readonly evictionMinimumReclaim?: Readonly<Record<string, string>>
  /** With `pods` among them, memory below the pods' own bound counts too. Default: `pods`. */
  readonly enforceNodeAllocatable?: readonly string[]
}

/** The reference's (KubeletConfiguration.evictionHard). Whoever sets some of them sets all. */
export const defaultEvictionHard: Readonly<Record<string, string>> = {
  'memory.available': '100Mi',
  'nodefs.available': '10%',
  'nodefs.inodesFree': '5%',
  'imagefs.available': '15%',
  'imagefs.inodesFree': '5%',
}

/** Every threshold of the settings. A signal, amount or duration that is none is an error that names it. */
export function parseThresholds(settings: EvictionSettings): Threshold[] {
  const { evictionHard = defaultEvictionHard, evictionSoft = {}, evictionSoftGracePeriod = {}, evictionMinimumReclaim = {} } = settings
  for (const name of Object.keys(evictionSoftGracePeriod)) signalOf('evictionSoftGracePeriod', name)
  for (const name of Object.keys(evictionMinimumReclaim)) signalOf('evictionMinimumReclaim', name)
  const reclaim = (signal: Signal) => {
    const text = evictionMinimumReclaim[signal]
    return text === undefined ? {} : { minimumReclaim: amountOf(`evictionMinimumReclaim[${signal}]`, text) }
  }
  const thresholds: Threshold[] = []
  for (const [name, text] of Object.entries(evictionHard)) {
    const signal = signalOf('evictionHard', name)
    if (isOff(text)) continue
    thresholds.push({ signal, value: positive(`evictionHard[${name}]`, text), graceMs: 0, ...reclaim(signal) })
  }
  for (const [name, text] of Object.entries(evictionSoft)) {
    const signal = signalOf('evictionSoft', name)
    if (isOff(text)) continue
    const grace = evictionSoftGracePeriod[name]
    if (grace === undefined)
      throw new WherryError('Invalid', `evictionSoft[${name}]: grace period must be specified for the soft eviction threshold ${name}`)
    thresholds.push({ signal, value: positive(`evictionSoft[${name}]`, text), graceMs: graceOf(name, grace), ...reclaim(signal) })
  }
  if ((settings.enforceNodeAllocatable ?? ['pods']).includes('pods')) {
    const hard = thresholds.filter(({ signal, graceMs }) => signal === 'memory.available' && graceMs === 0)
    thresholds.push(...hard.map((one) => ({ ...one, signal: 'allocatableMemory.available' as const })))
  }
  return thresholds
}

/** Where writable layers lie decides which thresholds hold for them; what was set for `containerfs` itself counts for nothing. */
export function withContainerFs(thresholds: readonly Threshold[], liesOnImageFs: boolean): Threshold[] {
  const copies = liesOnImageFs
    ? ({ 'imagefs.available': 'containerfs.available', 'imagefs.inodesFree': 'containerfs.inodesFree' } as const)
    : ({ 'nodefs.available': 'containerfs.available', 'nodefs.inodesFree': 'containerfs.inodesFree' } as const)
  const kept = thresholds.filter(({ signal }) => !signal.startsWith('containerfs.'))
  const made = kept.flatMap((one): Threshold[] => {
    const signal = copies[one.signal as keyof typeof copies] as Signal | undefined
    return signal === undefined ? [] : [{ ...one, signal }]
  })
  return [...kept, ...made]
}

/** The amount in the units of the observation. */
export const quantityOfAmount = (amount: Amount, { capacity }: Pick<Observation, 'capacity'>): number =>
  'quantity' in amount ? amount.quantity : Math.floor(capacity * amount.share)

/** One and the same for what the reference takes for the same threshold. */
export const thresholdKey = ({ signal, value, graceMs }: Threshold): string => JSON.stringify([signal, value, graceMs])

/** A threshold of none or all of it is one that is not wanted. */
const isOff = (text: string): boolean => text === '0%' || text === '100%'

function signalOf(setting: string, name: string): Signal {
  if (isSignal(name)) return name
  throw new WherryError('Invalid', `${setting}: unsupported eviction signal ${name}`)
}

function amountOf(setting: string, text: string): Amount {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1]
  if (percent !== undefined) {
    const share = Number(percent) / 100
    if (share > 1) throw new WherryError('Invalid', `${setting} must be <= 100%: ${text}`)
    return { share }
  }
  if (!isQuantity(text))
    throw new WherryError('Invalid', `${setting} must be a quantity such as 100Mi, or a percentage such as 10%: ${text}`)
  const quantity = quantityToNumber(text)
  if (quantity < 0) throw new WherryError('Invalid', `${setting} must not be negative: ${text}`)
  return { quantity }
}

function positive(setting: string, text: string): Amount {
  const amount = amountOf(setting, text)
  if (('quantity' in amount ? amount.quantity : amount.share) > 0) return amount
  throw new WherryError('Invalid', `${setting} must be positive: ${text}`)
}

function graceOf(name: string, text: string): number {
  let ms: number
  try {
    ms = Number(parseDuration(text)) / 1e6
  } catch (cause) {
    throw new WherryError('Invalid', `evictionSoftGracePeriod[${name}] must be a duration such as 90s: ${text}`, { cause })
  }
  if (ms < 0) throw new WherryError('Invalid', `evictionSoftGracePeriod[${name}] must not be negative: ${text}`)
  // A grace of nothing would make a soft threshold a hard one.
  return ms
}
