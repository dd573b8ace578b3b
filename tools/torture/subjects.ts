import { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { Lease } from '#api/coordination/v1/lease.ts'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Secret } from '#api/core/v1/secret.ts'
import { Service } from '#api/core/v1/service.ts'
import type { AnyKind } from '#api/kind.ts'
import { kindsOf } from '#apiserver/custom-resources/kinds-of.ts'
import { decode } from '#schema/decode.ts'

/** What is written: each sort with something of its own that a crash must not tear apart. */
export interface Subject {
  readonly kind: AnyKind
  /** Of one namespace, or of all. */
  readonly collection: (namespace?: string) => string
  /** Where it only lives in one. */
  readonly namespace?: string
  /** How many of them one writer has. */
  readonly names: number
  readonly create: (name: string, step: number) => object
  readonly change: (name: string, step: number, how: number) => readonly [type: string, body: object, query?: string]
}

/** Where objects are written, all sorts in each. */
export const namespaces: readonly string[] = Array.from({ length: 10 }, (_, i) => `torture-${i}`)
/** Pods live here, and are counted. */
export const countedNamespace = 'torture-counted'
/** Of the one in `countedNamespace`. */
export const quotaName = 'count'
/** The server has objects of its own elsewhere, which change when they like. */
export const isOurs = (namespace: string | undefined): boolean => namespace?.startsWith('torture-') === true

const merge = 'application/merge-patch+json'
const apply = 'application/apply-patch+yaml'

/** The custom resource that is written beside the kinds that every server has. */
export const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'boats.torture.example.com' },
  spec: {
    group: 'torture.example.com',
    scope: 'Namespaced',
    names: { plural: 'boats', singular: 'boat', kind: 'Boat', listKind: 'BoatList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: { type: 'object', properties: { step: { type: 'integer' }, colour: { type: 'string', default: 'red' } } },
              status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        },
      },
    ],
  },
}

/** As a client sees it whose definition has been accepted. */
const Boat = kindsOf({
  ...(decode(CustomResourceDefinition, definition).value as CustomResourceDefinition),
  status: { acceptedNames: definition.spec.names, conditions: [], storedVersions: ['v1'] },
} as unknown as CustomResourceDefinition)[0]!

const within = (namespace: string | undefined): string => (namespace === undefined ? '' : `namespaces/${namespace}/`)
const labels = (step: number) => ({ half: step % 2 === 0 ? 'even' : 'odd' })

/** All of them. A writer takes each as often as another. */
export const subjects: readonly Subject[] = [
  {
    kind: ConfigMap,
    collection: (namespace) => `/api/v1/${within(namespace)}configmaps`,
    names: 4,
    create: (name, step) => ({ metadata: { name, labels: labels(step) }, data: { step: `${step}` } }),
    change: (name, step, how) =>
      how === 0
        ? [apply, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { [`by${step % 3}`]: `${step}` } }, applied(step)]
        : [merge, { metadata: { labels: labels(step) }, data: { step: `${step}` } }],
  },
  {
    kind: Boat,
    collection: (namespace) => `/apis/torture.example.com/v1/${within(namespace)}boats`,
    names: 2,
    create: (name, step) => ({
      apiVersion: 'torture.example.com/v1',
      kind: 'Boat',
      metadata: { name, ...(step % 3 === 0 && { finalizers: ['torture.example.com/anchor'] }) },
      spec: { step },
    }),
    change: (name, step, how) =>
      how === 0
        ? [apply, { apiVersion: 'torture.example.com/v1', kind: 'Boat', metadata: { name }, spec: { step } }, applied(step)]
        : how === 1
          ? [merge, { metadata: { finalizers: null }, spec: { step, colour: 'blue' } }]
          : [merge, { spec: { step } }],
  },
  {
    kind: Service,
    collection: (namespace) => `/api/v1/${within(namespace)}services`,
    names: 1,
    create: (name, step) => ({
      metadata: { name },
      spec: { type: step % 2 === 0 ? 'NodePort' : 'ClusterIP', selector: { step: `${step}` }, ports: [{ port: 80 }] },
    }),
    // Goes to and fro between types, and so takes and gives back node ports.
    change: (_name, step, how) =>
      how === 0
        ? [merge, { spec: { type: step % 2 === 0 ? 'NodePort' : 'ClusterIP' } }]
        : [merge, { spec: { selector: { step: `${step}` } } }],
  },
  {
    kind: Lease,
    collection: (namespace) => `/apis/coordination.k8s.io/v1/${within(namespace)}leases`,
    names: 2,
    create: (name, step) => ({ metadata: { name }, spec: { holderIdentity: `${step}` } }),
    change: (_name, step) => [merge, { spec: { holderIdentity: `${step}`, leaseTransitions: step } }],
  },
  {
    kind: Secret,
    collection: (namespace) => `/api/v1/${within(namespace)}secrets`,
    names: 1,
    create: (name, step) => ({ metadata: { name }, stringData: { step: `${step}` } }),
    change: (_name, step) => [merge, { stringData: { step: `${step}` } }],
  },
  {
    kind: Pod,
    collection: (namespace) => `/api/v1/${within(namespace)}pods`,
    namespace: countedNamespace,
    names: 1,
    create: (name) => ({ metadata: { name }, spec: { containers: [{ name: 'c', image: 'example.com/c' }] } }),
    change: (_name, step) => [merge, { metadata: { annotations: { step: `${step}` } } }],
  },
]

const applied = (step: number): string => `?fieldManager=manager-${step % 3}&force=true`
