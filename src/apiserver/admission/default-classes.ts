import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { AdmissionPlugin, Objects } from '../contract.ts'

interface Choice {
  readonly name: string
  /** Whose objects choose. */
  readonly resource: string
  /** Of the spec: by which they choose. */
  readonly field: string
  /** The older way, by annotation. */
  readonly annotation: string
  readonly classes: readonly [group: string, resource: string]
  /** Annotations by which a class says that it is the default one. */
  readonly marks: readonly string[]
}

/** Gives an object that names no class the cluster's default one. */
const defaultClass = ({ name, resource, field, annotation, classes, marks }: Choice): AdmissionPlugin => ({
  name,
  resources: [resource],
  subresources: [''],
  operations: ['CREATE'],
  async admit({ object, objects }) {
    const { metadata, spec } = object as KubeObject & { readonly spec?: Readonly<Record<string, unknown>> }
    if (metadata.annotations?.[annotation] !== undefined || spec?.[field] !== undefined) return object
    const kind = objects.kindOf(...classes)
    const found = kind === undefined ? undefined : newestDefault(objects, kind, marks)
    return found === undefined ? object : ({ ...object, spec: { ...spec, [field]: found.metadata.name } } as KubeObject)
  },
})

/** For claims: a class that is marked as default, also by the older annotation. */
export const defaultStorageClass = defaultClass({
  name: 'DefaultStorageClass',
  resource: 'persistentvolumeclaims',
  field: 'storageClassName',
  annotation: 'volume.beta.kubernetes.io/storage-class',
  classes: ['storage.k8s.io', 'storageclasses'],
  marks: ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'],
})

/** For ingresses: a class that is marked as default. */
export const defaultIngressClass = defaultClass({
  name: 'DefaultIngressClass',
  resource: 'ingresses.networking.k8s.io',
  field: 'ingressClassName',
  annotation: 'kubernetes.io/ingress.class',
  classes: ['networking.k8s.io', 'ingressclasses'],
  marks: ['ingressclass.kubernetes.io/is-default-class'],
})

/** Of several, the one made last; of those, the first by name. */
const newestDefault = (objects: Objects, kind: AnyKind, marks: readonly string[]): KubeObject | undefined =>
  objects
    .list(kind)
    .filter(({ metadata }) => marks.some((mark) => metadata.annotations?.[mark] === 'true'))
    .toSorted(
      ({ metadata: a }, { metadata: b }) =>
        Date.parse(b.creationTimestamp) - Date.parse(a.creationTimestamp) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
    )[0]
