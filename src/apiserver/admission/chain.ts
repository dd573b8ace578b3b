import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Write } from '../context.ts'
import type { Admission, AdmissionPlugin, Objects, Reinvocation } from '../contract.ts'
import { noAnnotation } from '../request-record.ts'

/** The admission of one write: mutating plug-ins on the way in, validating ones once the object is whole. */
export interface AdmissionRun {
  admit(object: KubeObject | undefined, previous: KubeObject | undefined): Promise<KubeObject | undefined>
  validate(object: KubeObject | undefined, previous: KubeObject | undefined): Promise<void>
}

/** Runs the plug-ins in the order given, those concerned only. `kind` is the kind of the object admitted, which for an action is its body's. */
export function admissionRun(
  plugins: readonly AdmissionPlugin[],
  objects: Objects,
  write: Write,
  operation: Admission['operation'],
  kind: AnyKind = write.kind,
): AdmissionRun {
  const base = {
    attributes: {
      user: write.user,
      verb: write.verb,
      isResource: true,
      path: '',
      group: write.kind.group,
      version: write.kind.version,
      resource: write.kind.plural,
      subresource: write.subresource,
      namespace: write.namespace,
      // What is deleted together goes by no name of its own.
      name: write.verb === 'deletecollection' ? '' : write.name,
    },
    operation,
    kind,
    options: optionsOf(write, operation),
    dryRun: write.dryRun,
    objects,
    warn: write.warn,
    annotate: write.record?.annotate ?? noAnnotation,
    waited: (ms: number): void => {
      if (write.record !== undefined) write.record.elsewhereMs += ms
    },
  }
  const { mutating, validating } = concernedBy(write.admitted === true ? nobody : plugins, base)
  const none: Reinvocation = { isAgain: true, ask: () => {}, memory: new Map() }
  return {
    async admit(object, previous) {
      if (mutating.length === 0) return object
      let isWanted = false
      const memory = new Map<string, unknown>()
      const round = async (start: KubeObject | undefined, isAgain: boolean): Promise<KubeObject | undefined> => {
        const reinvocation: Reinvocation = { isAgain, ask: () => (isWanted = true), memory }
        let current = start
        for (const plugin of mutating) current = await plugin.admit!({ ...base, object: current, previous, reinvocation })
        return current
      }
      const done = write.record?.step?.('admit', operation)
      try {
        const once = await round(object, false)
        const last = isWanted ? await round(once, true) : once
        done?.(false)
        return last
      } catch (error) {
        done?.(true)
        throw error
      }
    },
    async validate(object, previous) {
      if (validating.length === 0) return
      // A generated name is there only now.
      const { name } = base.attributes
      const attributes =
        name !== '' || operation !== 'CREATE' ? base.attributes : { ...base.attributes, name: object?.metadata?.name ?? '' }
      const admission = { ...base, attributes, object, previous, reinvocation: none }
      const done = write.record?.step?.('validate', operation)
      try {
        for (const plugin of validating) await plugin.validate!(admission)
        done?.(false)
      } catch (error) {
        done?.(true)
        throw error
      }
    },
  }
}

/** A patch is an update, or a create, by other means: so its options tell. */
function optionsOf({ options }: Write, operation: Admission['operation']): Write['options'] {
  if (options['kind'] !== 'PatchOptions') return options
  const { force: _force, ...rest } = options
  return { ...rest, kind: operation === 'CREATE' ? 'CreateOptions' : 'UpdateOptions' }
}

const nobody: readonly AdmissionPlugin[] = []

/** Plug-ins that look at one sort of write. */
interface Concerned {
  readonly mutating: readonly AdmissionPlugin[]
  readonly validating: readonly AdmissionPlugin[]
}

/** Most plug-ins are for one resource, and not for its parts: other writes should not even ask them. */
const concerned = new WeakMap<readonly AdmissionPlugin[], Map<string, Concerned>>()

/** Definitions come and go, and with them sorts of writes. */
const sortsMax = 10_000

function concernedBy(plugins: readonly AdmissionPlugin[], write: WriteSort): Concerned {
  let known = concerned.get(plugins)
  if (known === undefined) concerned.set(plugins, (known = new Map()))
  const { group, resource, subresource } = write.attributes
  const key = `${write.operation} ${group} ${resource} ${subresource}`
  const present = known.get(key)
  if (present !== undefined) return present
  const all = plugins.filter((plugin) => concerns(plugin, write))
  const found = {
    mutating: all.filter(({ admit }) => admit !== undefined),
    validating: all.filter(({ validate }) => validate !== undefined),
  }
  if (known.size >= sortsMax) known.clear()
  known.set(key, found)
  return found
}

/** By what a plug-in says whether a write is any of its business. */
type WriteSort = Pick<Admission, 'attributes' | 'operation'>

/** Whether a plug-in is to be asked about such writes. */
export const concerns = ({ resources, subresources, operations }: AdmissionPlugin, { attributes, operation }: WriteSort): boolean =>
  (resources?.includes(attributes.group === '' ? attributes.resource : `${attributes.resource}.${attributes.group}`) ?? true) &&
  (subresources?.includes(attributes.subresource) ?? true) &&
  (operations?.includes(operation) ?? true)
