import type { FlowSchema, PriorityLevelConfiguration } from '#api/flowcontrol/v1/types.ts'
import { mandatoryLevels, mandatorySchemas } from './mandatory.ts'
import type { Queuing } from './queue-set.ts'

/** A priority level as it is to be, from the objects alone. */
export interface Level {
  readonly name: string
  readonly uid: string
  readonly isExempt: boolean
  readonly queuing: Queuing
  /** Seats by its shares; down to `minSeats` it lends, up to `maxSeats` it may borrow. */
  readonly nominalSeats: number
  readonly minSeats: number
  readonly maxSeats: number
  /** The most that one request gets; 0: no limit of the level's. */
  readonly requestSeatsMax: number
}

/** A FlowSchema in use, in the order in which they are tried. */
export interface Schema {
  readonly name: string
  readonly uid: string
  readonly level: string
  readonly spec: NonNullable<FlowSchema['spec']>
}

/** What holds now; see `levelsOf`. */
export interface Levels {
  readonly levels: readonly Level[]
  readonly schemas: readonly Schema[]
  /** FlowSchemas by name, and whether their level is missing. */
  readonly dangling: ReadonlyMap<string, boolean>
}

/**
 * The levels and schemas that hold, out of the objects that there are: the mandatory ones where their objects are missing, broken ones left
 * out, seats divided by shares (KEP 1040). `kept`: levels without an object in which requests still run; they keep their seats until then.
 */
export function levelsOf(
  configurations: readonly PriorityLevelConfiguration[],
  flowSchemas: readonly FlowSchema[],
  seatsTotal: number,
  kept: readonly PriorityLevelConfiguration[] = [],
): Levels {
  const sound = configurations.filter(isSound)
  const named = new Set(sound.map(nameOf))
  const used = [...sound, ...kept.filter((level) => !named.has(nameOf(level)))]
  for (const level of mandatoryLevels) if (!used.some((other) => nameOf(other) === nameOf(level))) used.push(level)
  const sharesTotal = used.reduce((sum, level) => sum + sharesOf(level), 0)
  const levels = used.map((level) => levelOf(level, seatsTotal, sharesTotal))
  const dangling = new Map(flowSchemas.map((schema) => [nameOf(schema), !named.has(levelNameOf(schema))] as const))
  const schemas = flowSchemas.filter((schema) => !dangling.get(nameOf(schema))).toSorted(byPrecedence)
  const [exempt, catchAll] = mandatorySchemas
  if (!schemas.some((schema) => nameOf(schema) === 'exempt')) schemas.unshift(exempt)
  if (!schemas.some((schema) => nameOf(schema) === 'catch-all')) schemas.push(catchAll)
  return { levels, schemas: schemas.map(schemaOf), dangling }
}

function levelOf(object: PriorityLevelConfiguration, seatsTotal: number, sharesTotal: number): Level {
  const { limited, exempt } = object.spec!
  const nominalSeats = Math.ceil((seatsTotal * sharesOf(object)) / sharesTotal)
  const part = (percent: number): number => Math.round((nominalSeats * percent) / 100)
  const lent = part(limited?.lendablePercent ?? exempt?.lendablePercent ?? 0)
  const borrowed = limited?.borrowingLimitPercent === undefined ? seatsTotal : part(limited.borrowingLimitPercent)
  const queuing = limited?.limitResponse?.queuing
  return {
    name: nameOf(object),
    uid: object.metadata?.uid ?? '',
    isExempt: exempt !== undefined,
    queuing:
      queuing === undefined
        ? { queues: exempt === undefined ? 0 : -1, queueLengthLimit: 0, handSize: 1 }
        : { queues: queuing.queues, queueLengthLimit: queuing.queueLengthLimit, handSize: queuing.handSize },
    nominalSeats,
    minSeats: nominalSeats - lent,
    maxSeats: nominalSeats + borrowed,
    // One request gets at most so much of a level, or one wide list would stand in front of everybody.
    requestSeatsMax:
      queuing === undefined ? 0 : Math.max(1, Math.min(Math.ceil(nominalSeats * 0.15), Math.floor(nominalSeats / queuing.handSize))),
  }
}

/** What validation promises; an object that breaks it is not used. */
function isSound({ metadata, spec }: PriorityLevelConfiguration): boolean {
  if (spec === undefined) return false
  const isExempt = spec.type === 'Exempt'
  if ((spec.type === 'Limited') !== (spec.limited !== undefined) || isExempt !== (spec.exempt !== undefined)) return false
  if (isExempt !== (metadata?.name === 'exempt')) return false
  const response = spec.limited?.limitResponse
  if (response === undefined) return isExempt
  const { queuing } = response
  if ((response.type === 'Reject') !== (queuing === undefined)) return false
  return queuing === undefined || (queuing.handSize > 0 && queuing.handSize <= queuing.queues)
}

const byPrecedence = (a: FlowSchema, b: FlowSchema): number =>
  (a.spec?.matchingPrecedence ?? 0) - (b.spec?.matchingPrecedence ?? 0) || (nameOf(a) < nameOf(b) ? -1 : 1)

const schemaOf = (object: FlowSchema): Schema => ({
  name: nameOf(object),
  uid: object.metadata?.uid ?? '',
  level: levelNameOf(object),
  spec: object.spec!,
})

const nameOf = ({ metadata }: { readonly metadata: { readonly name?: string | undefined } }): string => metadata?.name ?? ''
const levelNameOf = ({ spec }: FlowSchema): string => spec?.priorityLevelConfiguration?.name ?? ''
const sharesOf = ({ spec }: PriorityLevelConfiguration): number =>
  spec?.limited?.nominalConcurrencyShares ?? spec?.exempt?.nominalConcurrencyShares ?? 0
