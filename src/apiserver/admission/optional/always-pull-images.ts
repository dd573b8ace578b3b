import { allContainers } from '#api/core/v1/pod-helpers.ts'
import type { PodSpec } from '#api/core/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import type { Admission, AdmissionPlugin } from '../../contract.ts'
import { joined, refusal } from '../refusal.ts'

/** Has every image pulled anew, so that nobody runs a private image only because it happens to lie on the node. */
export const alwaysPullImages: AdmissionPlugin = {
  name: 'AlwaysPullImages',
  resources: ['pods'],
  subresources: [''],
  operations: ['CREATE', 'UPDATE'],
  async admit(admission) {
    if (isIgnored(admission)) return admission.object
    const pod = admission.object as KubeObject & { readonly spec: PodSpec }
    const { spec } = pod
    const pulling = <C extends object>(containers: readonly C[] | undefined) =>
      containers?.map((container) => ({ ...container, imagePullPolicy: 'Always' as const }))
    return {
      ...pod,
      spec: {
        ...spec,
        containers: pulling(spec.containers),
        ...(spec.initContainers && { initContainers: pulling(spec.initContainers) }),
        ...(spec.ephemeralContainers && { ephemeralContainers: pulling(spec.ephemeralContainers) }),
        ...(spec.volumes && {
          volumes: spec.volumes.map((volume) =>
            volume.image === undefined ? volume : { ...volume, image: { ...volume.image, pullPolicy: 'Always' as const } },
          ),
        }),
      },
    } as KubeObject
  },
  async validate(admission) {
    if (isIgnored(admission)) return
    const { spec } = admission.object as KubeObject & { readonly spec: PodSpec }
    const wrong = (path: string, value: string | undefined) =>
      `${path}: Unsupported value: ${JSON.stringify(value ?? '')}: supported values: "Always"`
    const problems = [
      ...[...allContainers(spec)].flatMap(({ list, position, container }) =>
        container.imagePullPolicy === 'Always' ? [] : [wrong(`spec.${list}[${position}].imagePullPolicy`, container.imagePullPolicy)],
      ),
      ...(spec.volumes ?? []).flatMap(({ image }, position) =>
        image === undefined || image.pullPolicy === 'Always' ? [] : [wrong(`spec.volumes[${position}].image.pullPolicy`, image.pullPolicy)],
      ),
    ]
    if (problems.length > 0) throw refusal(admission, joined(problems))
  },
}

/** An update that brings no image. */
function isIgnored({ operation, object, previous }: Admission): boolean {
  if (operation !== 'UPDATE') return false
  const images = (pod: unknown) => [...allContainers((pod as { readonly spec: PodSpec }).spec)].map(({ container }) => container.image)
  const before = new Set(images(previous))
  return images(object).every((image) => before.has(image))
}
