import { EphemeralContainer, type Pod } from '#api/core/v1/types.ts'
import { goDiff, goStruct } from '#api/go-struct.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { quote } from '#schema/go-text.ts'
import { forbidden } from '#schema/validate.ts'
import { validatePod } from './pod.ts'
import { validateAnnotationChanges } from './pod-annotations.ts'

/** Containers for debugging are only ever added. */
export function validateEphemeralUpdate(next: Pod, previous: Pod): Cause[] {
  const path = 'spec.ephemeralContainers'
  if (previous.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined)
    return [forbidden('[]', 'static pods do not support ephemeral containers')]
  const now = new Map((next.spec.ephemeralContainers ?? []).map((container) => [container.name, container]))
  return [
    ...validatePod(next),
    ...validateAnnotationChanges(next.metadata, previous.metadata, next.spec),
    ...(previous.spec.ephemeralContainers ?? []).flatMap((container) => {
      const kept = now.get(container.name)
      if (kept === undefined) return [forbidden(path, `existing ephemeral containers ${quote(container.name)} may not be removed\n`)]
      return same(kept, container)
        ? []
        : [
            forbidden(
              path,
              `existing ephemeral containers ${quote(container.name)} may not be changed\n${goDiff(goStruct(EphemeralContainer, container), goStruct(EphemeralContainer, kept))}`,
            ),
          ]
    }),
  ]
}
