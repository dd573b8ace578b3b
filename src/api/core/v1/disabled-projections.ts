import type { PodSpec, PodTemplateSpec, VolumeProjection } from '#api/core/v1/types.ts'
import type { FeatureGate, Features } from '#api/features.ts'

/** Sources of projected volumes that wait for a feature gate. */
const gated: readonly (readonly [source: 'clusterTrustBundle' | 'podCertificate', gate: FeatureGate])[] = [
  ['clusterTrustBundle', 'ClusterTrustBundleProjection'],
  ['podCertificate', 'PodCertificateRequest'],
]

/** The spec without the sources whose gate is off; one that had such a source before keeps them. */
export function dropDisabledProjections<S extends Pick<PodSpec, 'volumes'> | undefined>(
  spec: S,
  previous: Pick<PodSpec, 'volumes'> | undefined,
  features: Features,
): S {
  const dropped = gated
    .filter(([source, gate]) => !features.has(gate) && uses(spec, source) && !uses(previous, source))
    .map(([source]) => source)
  if (dropped.length === 0) return spec
  return {
    ...spec,
    volumes: spec!.volumes?.map((volume) =>
      volume.projected === undefined
        ? volume
        : { ...volume, projected: { ...volume.projected, sources: volume.projected.sources?.map((one) => without(one, dropped)) } },
    ),
  } as S
}

/** The same of a template. */
export function dropDisabledOfTemplate<T extends PodTemplateSpec | undefined>(
  template: T,
  previous: PodTemplateSpec | undefined,
  features: Features,
): T {
  const spec = dropDisabledProjections(template?.spec, previous?.spec, features)
  return spec === template?.spec ? template : { ...template!, spec: spec! }
}

/** The same of what has a template in its spec. */
export function dropDisabledOfWorkload<W extends { readonly spec?: { readonly template?: PodTemplateSpec | undefined } | undefined }>(
  next: W,
  previous: W | undefined,
  features: Features,
): W {
  const template = dropDisabledOfTemplate(next.spec?.template, previous?.spec?.template, features)
  return template === next.spec?.template ? next : { ...next, spec: { ...next.spec, template } }
}

const uses = (spec: Pick<PodSpec, 'volumes'> | undefined, source: (typeof gated)[number][0]): boolean =>
  (spec?.volumes ?? []).some(({ projected }) => (projected?.sources ?? []).some((one) => one[source] !== undefined))

const without = (source: VolumeProjection, dropped: readonly string[]): VolumeProjection =>
  Object.fromEntries(Object.entries(source).filter(([name]) => !dropped.includes(name)))
