import { isIPv6 } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Service } from '#api/core/v1/service.ts'
import type { Client } from '#client/client.ts'
import { welcomeImage } from '#host/images/welcome.ts'
import { isError, WherryError } from '#lib/errors.ts'
import { request } from '#lib/node-http.ts'

const name = 'welcome'
const labels = { app: name }
/** Where the page is, if nobody took the port before. */
const wantedNodePort = 30080

/** Makes the welcome application: two replicas behind a node port. What is there already stays as it is. */
export async function createWelcome(client: Client): Promise<void> {
  await once(client.create(Namespace, { metadata: { name } }))
  await once(
    client.create(
      Deployment,
      {
        metadata: { name, labels },
        spec: {
          replicas: 2,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              containers: [
                {
                  name,
                  image: welcomeImage,
                  imagePullPolicy: 'IfNotPresent',
                  ports: [{ name: 'http', containerPort: 8080 }],
                  env: [
                    { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
                    { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
                  ],
                  readinessProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 1 },
                  resources: { requests: { cpu: '10m', memory: '48Mi' }, limits: { memory: '128Mi' } },
                  securityContext: {
                    allowPrivilegeEscalation: false,
                    readOnlyRootFilesystem: true,
                    runAsNonRoot: true,
                    capabilities: { drop: ['ALL'] },
                  },
                },
              ],
            },
          },
        },
      },
      { namespace: name },
    ),
  )
  const service = (nodePort?: number) =>
    client.create(
      Service,
      {
        metadata: { name, labels },
        spec: {
          type: 'NodePort',
          selector: labels,
          ports: [{ name: 'http', port: 80, targetPort: 'http', ...(nodePort && { nodePort }) }],
        },
      },
      { namespace: name },
    )
  await once(
    service(wantedNodePort).catch((error: unknown) => {
      if (isError(error, 'Invalid')) return service()
      throw error
    }),
  )
}

/** The page's address; undefined when the application is not there (any more). */
export async function welcomeUrl(client: Client, nodeAddress: string): Promise<string | undefined> {
  try {
    const { spec } = await client.get(Service, name, name)
    const port = spec.ports?.[0]?.nodePort
    return port ? `http://${isIPv6(nodeAddress) ? `[${nodeAddress}]` : nodeAddress}:${port}` : undefined
  } catch (error) {
    if (isError(error, 'NotFound')) return undefined
    throw error
  }
}

/** Waits until the page answers, and returns which replica did. */
export async function waitForPage(url: string, withinMs: number): Promise<string> {
  let problem = 'no answer'
  for (const until = Date.now() + withinMs; Date.now() < until; await delay(50)) {
    try {
      return await replicaOf(url)
    } catch (error) {
      problem = (error as Error).message
    }
  }
  throw new WherryError(
    'Timeout',
    `the welcome page at ${url} did not come within ${withinMs / 1000} s (${problem}); "wherry kubectl get pods,events -n ${name}" shows why`,
  )
}

function replicaOf(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { timeout: 1_000 }, (response) => {
      response.resume()
      if (response.statusCode === 200) resolve(String(response.headers['x-replica']))
      else reject(new Error(`status ${response.statusCode}`))
    })
    asked.once('timeout', () => asked.destroy(new Error('no answer within 1 s')))
    asked.once('error', reject)
    asked.end()
  })
}

async function once(created: Promise<unknown>): Promise<void> {
  try {
    await created
  } catch (error) {
    if (!isError(error, 'AlreadyExists')) throw error
  }
}
