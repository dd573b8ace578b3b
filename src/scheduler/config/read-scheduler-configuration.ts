import type { Cause } from '#lib/errors.ts'
import { WherryError } from '#lib/errors.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import { checkQualifiedName } from '#schema/formats.ts'
import { readConfiguration, refuseConfiguration } from '#schema/read-configuration.ts'
import { child, duplicate, forbidden, index, invalid, invalidEach, required } from '#schema/validate.ts'
import { registry } from '../plugins/registry.ts'
import type { QueueTimes } from '../queue/queue.ts'
import { defaultTimes } from '../queue/queue.ts'
import { type Extender, type PointName, SchedulerConfiguration, type SchedulerProfile } from './configuration.ts'
import { argsRules } from './plugin-args.ts'

/** What a configuration comes to. */
export interface SchedulerSettings {
  readonly profiles: readonly (SchedulerProfile & { readonly schedulerName: string; readonly args: Readonly<Record<string, unknown>> })[]
  readonly percentageOfNodesToScore: number
  readonly times: QueueTimes
  readonly extenders: readonly Extender[]
}

/** Without a configuration. */
export const defaultSettings: SchedulerSettings = {
  profiles: [{ schedulerName: 'default-scheduler', args: {} }],
  percentageOfNodesToScore: 0,
  times: defaultTimes,
  extenders: [],
}

const kind = 'KubeSchedulerConfiguration'
const forms = [{ apiVersion: 'kubescheduler.config.k8s.io/v1', kind }]

/** Reads a KubeSchedulerConfiguration (YAML or JSON). Errors: `Invalid`, which names the fields and what is wrong with them. */
export function readSchedulerConfiguration(text: string): SchedulerSettings {
  const written = readConfiguration(SchedulerConfiguration, kind, text, { forms }) as SchedulerConfiguration
  const causes: Cause[] = []
  const given = written.profiles?.length ? written.profiles : [{}]
  const profiles = given.map((profile, position) => {
    const path = index('profiles', position)
    const args = argsOf(profile, path, causes)
    // Only where there is one profile does it stand for pods that name no scheduler.
    return { ...profile, schedulerName: profile.schedulerName ?? (given.length === 1 ? 'default-scheduler' : ''), args }
  })
  const { podInitialBackoffSeconds: first = 1, podMaxBackoffSeconds: most = 10, percentageOfNodesToScore = 0, extenders = [] } = written
  causes.push(
    ...(written.parallelism !== undefined && written.parallelism <= 0
      ? [invalid('parallelism', written.parallelism, 'should be an integer value greater than zero')]
      : []),
    ...profiles.flatMap((profile, position) => profileProblems(profile, profiles, position)),
    ...percentageProblems('percentageOfNodesToScore', percentageOfNodesToScore),
    ...(first <= 0 ? [invalid('podInitialBackoffSeconds', first, 'must be greater than 0')] : []),
    ...(most < first ? [invalid('podMaxBackoffSeconds', most, 'must be greater than or equal to PodInitialBackoffSeconds')] : []),
    ...extenderProblems(extenders),
  )
  refuseConfiguration(causes)
  const times = { ...defaultTimes, initialBackoffMs: first * 1000, maxBackoffMs: most * 1000 }
  return { profiles, percentageOfNodesToScore, times, extenders }
}

/** Arguments by plug-in, decoded; what is not understood is refused at once, as the reference's decoder does. */
function argsOf({ pluginConfig = [] }: SchedulerProfile, path: string, causes: Cause[]): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const [position, { name, args }] of pluginConfig.entries()) {
    const place = index(child(path, 'pluginConfig'), position)
    if (Object.hasOwn(found, name)) causes.push(duplicate(place, name))
    const rules = Object.hasOwn(argsRules, name) ? argsRules[name] : undefined
    if (rules === undefined) {
      if (!isKnown(name)) causes.push(invalid(place, name, `there is no such plug-in; there are ${knownNames.join(', ')}`))
      else if (args !== undefined) causes.push(forbidden(child(place, 'args'), `${name} takes no arguments`))
      continue
    }
    const { value: written, unknown, errors } = decode(rules.type, args ?? {})
    const problems = [...errors, ...unknown]
    if (problems.length > 0)
      throw new WherryError(
        'Invalid',
        `strict decoding error: decoding .${place}: decoding args for plugin ${name}: ${problems.join(', ')}`,
      )
    const value = withDefaults(rules.type, written)
    found[name] = value
    causes.push(...rules.problems(value, child(place, 'args')))
  }
  return found
}

/** Plug-ins that stand for parts of ours that are always there. */
const ownParts = ['PrioritySort', 'DefaultBinder']
const knownNames = [...registry.map(({ name }) => name), ...ownParts]
const isKnown = (name: string): boolean => knownNames.includes(name)

function profileProblems(
  { schedulerName, percentageOfNodesToScore = 0, plugins = {} }: SchedulerSettings['profiles'][number],
  all: SchedulerSettings['profiles'],
  position: number,
): Cause[] {
  const path = index('profiles', position)
  const first = all.findIndex((other) => other.schedulerName === schedulerName)
  return [
    ...(schedulerName === '' ? [required(child(path, 'schedulerName'))] : []),
    ...(first < position ? [duplicate(child(path, 'schedulerName'), child(index('profiles', first), 'schedulerName'))] : []),
    ...percentageProblems(child(path, 'percentageOfNodesToScore'), percentageOfNodesToScore),
    ...Object.entries(plugins).flatMap(([point, set]) =>
      (set?.enabled ?? []).flatMap(({ name, weight }, at) => {
        const place = index(child(child(child(path, 'plugins'), point), 'enabled'), at)
        return [
          ...(isKnown(name) ? [] : [invalid(place, name, `there is no such plug-in; there are ${knownNames.join(', ')}`)]),
          ...(weight !== undefined && weight < 0 ? [invalid(child(place, 'weight'), weight, 'must not be negative')] : []),
        ]
      }),
    ),
    ...partProblems(plugins, 'queueSort', 'PrioritySort', path),
    ...partProblems(plugins, 'bind', 'DefaultBinder', path),
  ]
}

/** There is one way to sort the queue and one to bind (beside extenders): they cannot be done without. */
function partProblems(plugins: NonNullable<SchedulerProfile['plugins']>, point: PointName, name: string, path: string): Cause[] {
  const { enabled = [], disabled = [] } = plugins[point] ?? {}
  const isOff = disabled.some((one) => one.name === name || one.name === '*') && !enabled.some((one) => one.name === name)
  return isOff ? [invalid(`${path}.plugins.${point}.disabled`, name, `${name} is the only one there is`)] : []
}

const percentageProblems = (path: string, value: number): Cause[] =>
  value < 0 || value > 100 ? [invalid(path, value, 'not in valid range [0-100]')] : []

function extenderProblems(extenders: readonly Extender[]): Cause[] {
  const managed = new Set<string>()
  const binders = extenders.filter(({ bindVerb }) => bindVerb).length
  return [
    ...extenders.flatMap((extender, position) => {
      const path = index('extenders', position)
      return [
        ...(URL.canParse(extender.urlPrefix) ? [] : [invalid(child(path, 'urlPrefix'), extender.urlPrefix, 'must be a URL')]),
        ...(extender.prioritizeVerb && (extender.weight ?? 0) <= 0
          ? [invalid(child(path, 'weight'), extender.weight ?? 0, 'must have a positive weight applied to it')]
          : []),
        ...(extender.managedResources ?? []).flatMap(({ name }, at) => {
          const place = child(index(child(path, 'managedResources'), at), 'name')
          const isRepeated = managed.has(name)
          managed.add(name)
          return [
            ...resourceProblems(place, name),
            ...(isRepeated ? [invalid(place, name, 'duplicate extender managed resource name')] : []),
          ]
        }),
      ]
    }),
    ...(binders > 1 ? [invalid('extenders', `found ${binders} extenders implementing bind`, 'only one extender can implement bind')] : []),
  ]
}

function resourceProblems(path: string, name: string): Cause[] {
  const problems = checkQualifiedName(name)
  if (problems.length > 0) return invalidEach(path, name, problems)
  const isExtended = name.includes('/') && !name.includes('kubernetes.io/') && !name.startsWith('requests.')
  return isExtended ? [] : [invalid(path, name, 'is an invalid extended resource name')]
}
