import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Write } from '../context.ts'
import type { Admission, AdmissionPlugin, Objects } from '../contract.ts'
import { noAnnotation } from '../request-record.ts'

/** The admission of one write: mutating plug-ins on the way in, validating ones once the object is whole. */
export interface AdmissionRun {
  admit(object: KubeObject | undefined, previous: KubeObject | undefined): Promise<KubeObject | undefined>
  validate(object: KubeObject | undefined, previous: KubeObject | undefined): Promise<void>
}

/** Runs the plug-ins in the order given. `kind` is the kind of the object admitted, which for an action is its body's. */
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
      name: write.name,
    },
    operation,
    kind,
    options: write.options,
    dryRun: write.dryRun,
    objects,
    warn: write.warn,
    annotate: write.record?.annotate ?? noAnnotation,
  }
  return {
    async admit(object, previous) {
      let current = object
      for (const plugin of plugins) {
        if (plugin.admit === undefined) continue
        current = await plugin.admit({ ...base, object: current, previous })
      }
      return current
    },
    async validate(object, previous) {
      for (const plugin of plugins) if (plugin.validate !== undefined) await plugin.validate({ ...base, object, previous })
    },
  }
}
