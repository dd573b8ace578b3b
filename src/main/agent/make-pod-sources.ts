import { RuntimeClass } from '#api/node/v1/runtime-class.ts'
import { createInformer, type Informer } from '#client/informer.ts'
import { staticPodSource } from '#host/static-pods.ts'
import type { KubeletOptions } from '#kubelet/kubelet.ts'
import { WherryError } from '#lib/errors.ts'
import type { AgentContext } from './agent-context.ts'

/** Where pods come from beside the API server, and what their classes of runtime mean. */
export interface PodSources extends Required<Pick<KubeletOptions, 'podSources' | 'runtimeHandler'>> {
  close(): Promise<void>
}

export function makePodSources({ config, configuration, client, clock, random, log }: AgentContext): PodSources {
  // Few clusters have classes: nothing is watched before a pod names one.
  let classes: Informer<RuntimeClass> | undefined
  return {
    podSources: configuration.staticPodPath
      ? [staticPodSource({ directory: configuration.staticPodPath, nodeName: config.nodeName, clock, log })]
      : [],
    async runtimeHandler(name) {
      classes ??= createInformer(client, RuntimeClass, { clock, random, log })
      await classes.synced()
      const found = classes.get(name)
      if (found === undefined)
        throw new WherryError('NotFound', `failed to get RuntimeClass "${name}": runtimeclass.node.k8s.io "${name}" not found`)
      return found.handler
    },
    async close() {
      await classes?.close()
    },
  }
}
