import type { Layout } from '#host/layout.ts'
import { isError, WherryError } from '#lib/errors.ts'
import type { Transport } from '#lib/http.ts'
import { connectAsAdmin } from './connect.ts'
import { connectByKubeconfig } from './why/connect-by-kubeconfig.ts'

/** A way to an API server. */
export interface Way {
  readonly transport: Transport
  /** Of objects that name none. */
  readonly namespace: string
  /** Where the scheduler's configuration of that server stands, if that is known here. */
  readonly schedulerConfig?: string | undefined
  close(): void
}

/** By this kubeconfig, or as this machine's administrator. */
export function connectTo(layout: Layout, kubeconfig: string | undefined): Way {
  if (kubeconfig !== undefined) return connectByKubeconfig(kubeconfig)
  try {
    const { transport, config, close } = connectAsAdmin(layout)
    return { transport, namespace: 'default', schedulerConfig: config.schedulerConfig, close }
  } catch (error) {
    if (!isError(error, 'ServiceUnavailable')) throw error
    throw new WherryError('ServiceUnavailable', `${error.message}; --kubeconfig FILE asks another one`, { cause: error })
  }
}
