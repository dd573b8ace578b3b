import type { KubeletConfiguration } from '../configuration/kubelet-configuration.ts'

/** How this node deals out what it has: those settings of KubeletConfiguration. What is left out is as by default. */
export type ResourceConfig = Partial<
  Pick<
    KubeletConfiguration,
    | 'cgroupDriver'
    | 'cpuCFSQuota'
    | 'cpuCFSQuotaPeriod'
    | 'podPidsLimit'
    | 'memorySwap'
    | 'singleProcessOOMKill'
    | 'cpuManagerPolicy'
    | 'cpuManagerPolicyOptions'
    | 'reservedSystemCPUs'
    | 'memoryManagerPolicy'
    | 'reservedMemory'
    | 'topologyManagerPolicy'
    | 'topologyManagerScope'
    | 'topologyManagerPolicyOptions'
    | 'systemReserved'
    | 'kubeReserved'
    | 'systemReservedCgroup'
    | 'kubeReservedCgroup'
    | 'enforceNodeAllocatable'
  >
>
