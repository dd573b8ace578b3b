/**
 * The feature gates of the reference v1.36.3 at their defaults, which is how this server behaves: what `kubernetes_feature_enabled` tells
 * tools that choose by it. The stage of a gate that is generally available is empty.
 */
export const featureGates: readonly { readonly stage: string; readonly enabled: boolean; readonly names: readonly string[] }[] = [
  {
    stage: '',
    enabled: true,
    names: (
      'APIServerTracing AllowServiceExternalIPs AnonymousAuthConfigurableEndpoints AnyVolumeDataSource ' +
      'AuthorizeNodeWithSelectors AuthorizeWithSelectors BtreeWatchCache CPUManagerPolicyOptions ' +
      'CRDValidationRatcheting CSIServiceAccountTokenSecrets ConsistentListFromCache CustomCPUCFSQuotaPeriod ' +
      'CustomResourceFieldSelectors DRAAdminAccess DRAPrioritizedList DeclarativeValidation ' +
      'DisableAllocatorDualWrite DynamicResourceAllocation ExecProbeTimeout ExternalServiceAccountTokenSigner ' +
      'ImageMaximumGCAge ImageVolume InOrderInformers InPlacePodVerticalScaling ' +
      'InformerResourceVersion JobBackoffLimitPerIndex JobManagedBy JobPodReplacementPolicy ' +
      'JobSuccessPolicy KubeletCgroupDriverFromCRI KubeletFineGrainedAuthz KubeletPSI ' +
      'KubeletPodResourcesDynamicResources KubeletPodResourcesGet KubeletTracing LogarithmicScaleDown ' +
      'MatchLabelKeysInPodAffinity MultiCIDRServiceAllocator MutableCSINodeAllocatableCount MutatingAdmissionPolicy ' +
      'NFTablesProxyMode NodeInclusionPolicyInPodTopologySpread NodeLogQuery NodeSwap ' +
      'OrderedNamespaceDeletion PodLifecycleSleepAction PodLifecycleSleepActionAllowZero PodObservedGenerationTracking ' +
      'PodSchedulingReadiness PreferSameTrafficDistribution ProcMountType RecoverVolumeExpansionFailure ' +
      'RecursiveReadOnlyMounts RelaxedDNSSearchValidation RelaxedEnvironmentVariableValidation ResilientWatchCacheInitialization ' +
      'RetryGenerateName SELinuxChangePolicy SELinuxMountReadWriteOncePod SchedulerQueueingHints ' +
      'SeparateTaintEvictionController ServiceAccountTokenJTI ServiceAccountTokenNodeBinding ServiceAccountTokenNodeBindingValidation ' +
      'ServiceAccountTokenPodNodeInfo SidecarContainers StreamingCollectionEncodingToJSON StreamingCollectionEncodingToProtobuf ' +
      'StructuredAuthenticationConfiguration SupplementalGroupsPolicy SystemdWatchdog TopologyManagerPolicyOptions ' +
      'UserNamespacesSupport VolumeAttributesClass WinDSR WinOverlay'
    ).split(' '),
  },
  {
    stage: 'ALPHA',
    enabled: false,
    names: (
      'APIServingWithRoutine AllAlpha AllowUnsafeMalformedObjectDeletion CBORServingAndStorage ' +
      'CPUManagerPolicyAlphaOptions CRIListStreaming CSIVolumeHealth ClientsAllowCBOR ' +
      'ClientsPreferCBOR CloudControllerManagerWatchBasedRoutesReconciliation CloudControllerManagerWebhook ContainerStopSignals ' +
      'ControllerManagerReleaseLeaderElectionLockOnExit CrossNamespaceVolumeDataSource DRAListTypeAttributes DRANodeAllocatableResources ' +
      'DRAResourcePoolStatus DRAWorkloadResourceClaims EventedPLEG GangScheduling ' +
      'GenericWorkload HPAScaleToZero ImageVolumeWithDigest InPlacePodVerticalScalingExclusiveCPUs ' +
      'InPlacePodVerticalScalingExclusiveMemory KubeletInUserNamespace LoggingAlphaOptions ManifestBasedAdmissionControlConfig ' +
      'MemoryQoS MutablePVNodeAffinity NativeHistograms PersistentVolumeClaimUnusedSinceTime ' +
      'PodAndContainerStatsFromCRI PodLevelResourceManagers PodLogsQuerySplitStreams PodsAPI ' +
      'QOSReserved ReduceDefaultCrashLoopBackOffDecay RuntimeClassInImageCriApi ShardedListAndWatch ' +
      'StorageCapacityScoring StorageVersionAPI TaintTolerationComparisonOperators TopologyAwareWorkloadScheduling ' +
      'TopologyManagerPolicyAlphaOptions UserNamespacesHostNetworkSupport VolumeLimitScaling WindowsCPUAndMemoryAffinity ' +
      'WorkloadAwarePreemption WorkloadWithJob'
    ).split(' '),
  },
  {
    stage: 'BETA',
    enabled: false,
    names: (
      'AllBeta ClusterTrustBundle ClusterTrustBundleProjection ConcurrentWatchObjectDecode ' +
      'CoordinatedLeaderElection DRADeviceTaintRules LocalStorageCapacityIsolationFSQuotaMonitoring MaxUnavailableStatefulSet ' +
      'PodCertificateRequest SELinuxMount SchedulerAsyncAPICalls StorageVersionMigrator'
    ).split(' '),
  },
  {
    stage: 'BETA',
    enabled: true,
    names: (
      'APIResponseCompression APIServerIdentity AllowParsingUserUIDFromCertAuth AtomicFIFO ' +
      'AuthorizePodWebsocketUpgradeCreatePermission CPUManagerPolicyBetaOptions CRDObservedGenerationTracking ClearingNominatedNodeNameAfterBinding ' +
      'ClientsAllowCARotation ClientsAllowTLSCacheGC ComponentFlagz ComponentStatusz ' +
      'ConstrainedImpersonation ContainerCheckpoint ContainerRestartRules ContextualLogging ' +
      'DRAConsumableCapacity DRADeviceBindingConditions DRADeviceTaints DRAExtendedResource ' +
      'DRAPartitionableDevices DRAResourceClaimDeviceStatus DRAResourceClaimGranularStatusAuthorization DRASchedulerFilterTimeout ' +
      'DeclarativeValidationBeta DeploymentReplicaSetTerminatingReplicas DetectCacheInconsistency EnvFiles ' +
      'ExtendWebSocketsToKubelet GracefulNodeShutdown GracefulNodeShutdownBasedOnPodPriority HPAConfigurableTolerance ' +
      'HostnameOverride InOrderInformersBatchProcess InPlacePodLevelResourcesVerticalScaling InPlacePodVerticalScalingInitContainers ' +
      'KubeletCrashLoopBackOffMax KubeletEnsureSecretPulledImages KubeletSeparateDiskGC KubeletServiceAccountTokenForCredentialProviders ' +
      'ListFromCacheSnapshot LoggingBetaOptions MatchLabelKeysInPodTopologySpread MatchLabelKeysInPodTopologySpreadSelectorMerge ' +
      'MutablePodResourcesForSuspendedJobs MutableSchedulingDirectivesForSuspendedJobs NodeDeclaredFeatures NominatedNodeNameForExpectation ' +
      'OpenAPIEnums OpportunisticBatching PLEGOnDemandRelist PodDeletionCost ' +
      'PodLevelResources PodReadyToStartContainersCondition PodTopologyLabelsAdmission PortForwardWebsockets ' +
      'PreventStaticPodAPIReferences RelaxedServiceNameValidation ReloadKubeletClientCAFile ReloadKubeletServerCertificateFile ' +
      'RemoteRequestHeaderUID ResourceHealthStatus ResourceHealthStatusMessage RestartAllContainersOnContainerExits ' +
      'RotateKubeletServerCertificate SchedulerAsyncPreemption SchedulerPopFromBackoffQ ServiceAccountNodeAudienceRestriction ' +
      'SizeBasedListCostEstimate StaleControllerConsistencyDaemonSet StaleControllerConsistencyJob StaleControllerConsistencyReplicaSet ' +
      'StaleControllerConsistencyStatefulSet StatefulSetSemanticRevisionComparison StorageVersionHash StrictIPCIDRValidation ' +
      'StructuredAuthenticationConfigurationEgressSelector StructuredAuthenticationConfigurationJWKSMetrics TokenRequestServiceAccountUIDValidation TopologyManagerPolicyBetaOptions ' +
      'TranslateStreamCloseWebsocketRequests UnauthenticatedHTTP2DOSMitigation UnknownVersionInteroperabilityProxy UnlockWhileProcessingFIFO ' +
      'WatchCacheInitializationPostStartHook WatchList WatchListClient WindowsGracefulNodeShutdown'
    ).split(' '),
  },
  {
    stage: 'DEPRECATED',
    enabled: false,
    names: (
      'AllowDNSOnlyNodeCSR AllowInsecureKubeletCertificateSigningRequests AllowOverwriteTerminationGracePeriodSeconds ChangeContainerStatusOnKubeletRestart ' +
      'DeclarativeValidationTakeover GitRepoVolumeDriver KMSv1 KubeletRegistrationGetOnExistsOnly ' +
      'SeparateCacheWatchRPC WindowsHostNetwork'
    ).split(' '),
  },
  {
    stage: 'DEPRECATED',
    enabled: true,
    names: (
      'AggregatedDiscoveryRemoveBetaType DisableCPUQuotaWithExclusiveCPUs DisableNodeKubeProxyVersion KubeletPodResourcesListUseActivePods ' +
      'ServiceCIDRStatusFieldWiping StorageNamespaceIndex'
    ).split(' '),
  },
]
