import { createHash } from 'node:crypto'
import { ClusterTrustBundle } from '#api/certificates/v1beta1/cluster-trust-bundle.ts'
import { apiVersionOf } from '#api/kind.ts'
import { type Command, type Plan, settled } from '#loop/controller.ts'
import { targetOf } from '../common/commands.ts'

/** Whose certificates the API server serves with. */
export const servingSigner = 'kubernetes.io/kube-apiserver-serving'

/** What is published now, and what is to be. */
export interface PublishingView {
  /** PEM. */
  readonly trustBundle: string
  /** All bundles of the signer. */
  readonly bundles: readonly ClusterTrustBundle[]
}

/** The bundle under the name that its content gives it; then the others go. */
export function planPublishing({ trustBundle, bundles }: PublishingView): Plan {
  const name = nameOf(trustBundle)
  const own = bundles.find(({ metadata }) => metadata.name === name)
  const others = bundles.filter((bundle) => bundle !== own && bundle.metadata.deletionTimestamp === undefined)
  const first = publish(name, trustBundle, own)
  const commands = [
    ...(first === undefined ? [] : [first]),
    ...others.map((bundle): Command => ({ do: 'delete', ...targetOf(ClusterTrustBundle, bundle) })),
  ]
  return commands.length === 0 ? settled : { commands, wakeAt: Infinity }
}

function publish(name: string, trustBundle: string, own: ClusterTrustBundle | undefined): Command | undefined {
  if (own?.spec.trustBundle === trustBundle) return undefined
  if (own !== undefined) {
    const object: ClusterTrustBundle = { ...own, spec: { ...own.spec, trustBundle } }
    return { do: 'update', kind: ClusterTrustBundle, object }
  }
  const object = {
    apiVersion: apiVersionOf(ClusterTrustBundle),
    kind: ClusterTrustBundle.kind,
    metadata: { name },
    spec: { signerName: servingSigner, trustBundle },
  }
  return { do: 'create', kind: ClusterTrustBundle, object, ifExists: 'keep' }
}

/** The signer with colons, and twelve bytes of the content's hash (pkg/controller/certificates/clustertrustbundlepublisher). */
const nameOf = (trustBundle: string): string =>
  `${servingSigner.replaceAll('/', ':')}:${createHash('sha256').update(trustBundle).digest('hex').slice(0, 24)}`
