import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Admission, AdmissionPlugin, Objects } from '../contract.ts'

/** Gives a claim that names no storage class the cluster's default one. */
export const defaultStorageClass: AdmissionPlugin = {
  name: 'DefaultStorageClass',
  resources: ['persistentvolumeclaims'],
  operations: ['CREATE'],
  async admit(admission) {
    const { annotations = {} } = admission.object!.metadata
    return withDefaultClass(admission, {
      field: 'storageClassName',
      isChosen: 'volume.beta.kubernetes.io/storage-class' in annotations,
      classes: ['storage.k8s.io', 'storageclasses'],
      marks: ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'],
    })
  },
}

/** Gives an ingress that names no class the cluster's default one. */
export const defaultIngressClass: AdmissionPlugin = {
  name: 'DefaultIngressClass',
  resources: ['ingresses.networking.k8s.io'],
  operations: ['CREATE'],
  async admit(admission) {
    const { annotations = {} } = admission.object!.metadata
    return withDefaultClass(admission, {
      field: 'ingressClassName',
      isChosen: 'kubernetes.io/ingress.class' in annotations,
      classes: ['networking.k8s.io', 'ingressclasses'],
      marks: ['ingressclass.kubernetes.io/is-default-class'],
    })
  },
}

interface Choice {
  /** Of the spec. */
  readonly field: string
  /** The older way to choose, by annotation. */
  readonly isChosen: boolean
  readonly classes: readonly [group: string, resource: string]
  readonly marks: readonly string[]
}

function withDefaultClass(admission: Admission, { field, isChosen, classes, marks }: Choice): KubeObject | undefined {
  const object = admission.object as (KubeObject & { readonly spec?: Readonly<Record<string, unknown>> }) | undefined
  if (admission.attributes.subresource !== '' || object === undefined || isChosen || object.spec?.[field] !== undefined) return object
  const kind = admission.objects.kindOf(...classes)
  const found = kind === undefined ? undefined : newestDefault(admission.objects, kind, marks)
  return found === undefined ? object : ({ ...object, spec: { ...object.spec, [field]: found.metadata.name } } as KubeObject)
}

/** Of several, the one made last; of those, the first by name. */
const newestDefault = (objects: Objects, kind: AnyKind, marks: readonly string[]): KubeObject | undefined =>
  objects
    .list(kind)
    .filter(({ metadata }) => marks.some((mark) => metadata.annotations?.[mark] === 'true'))
    .toSorted(
      ({ metadata: a }, { metadata: b }) =>
        Date.parse(b.creationTimestamp) - Date.parse(a.creationTimestamp) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
    )[0]
