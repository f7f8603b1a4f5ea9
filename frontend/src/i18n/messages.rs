//! The message catalogue: one row per message, English and Korean side by side.
//!
//! English: short, plain, exact, sentence case. Korean: 합쇼체 for statements, nouns for buttons. `{name}` is filled in
//! by [`super::fill`].

use super::Lang;

macro_rules! messages {
    ($($key:ident: $english:literal, $korean:literal;)*) => {
        /// One message of the interface.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Msg { $($key),* }

        impl Msg {
            /// Every message.
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$key),*];

            /// Its words in `lang`.
            pub(crate) fn text(self, lang: Lang) -> &'static str {
                match (self, lang) {
                    $((Self::$key, Lang::English) => $english, (Self::$key, Lang::Korean) => $korean,)*
                }
            }
        }
    };
}

messages! {
    // Shell
    SkipToContent: "Skip to content", "본문으로 건너뛰기";
    MainNavigation: "Main", "주 메뉴";
    ObjectTabs: "Views of this object", "이 오브젝트의 보기";
    Breadcrumb: "Where you are", "현재 위치";
    GroupCluster: "Cluster", "클러스터";
    GroupObserve: "Observe", "관찰";
    Overview: "Overview", "개요";
    Nodes: "Nodes", "노드";
    Explore: "Explore", "탐색";
    Theme: "Theme", "테마";
    ThemeLight: "Light", "밝게";
    ThemeDark: "Dark", "어둡게";
    ThemeSystem: "System", "시스템";
    Language: "Language", "언어";
    Account: "Account of {user}", "{user} 계정";
    SessionEnds: "Session ends in {time}", "세션 종료까지 {time}";
    SignOut: "Sign out", "로그아웃";
    SignOutFailed: "Cannot sign out: {why}", "로그아웃하지 못했습니다: {why}";
    SeriesCount: "{n} series", "시계열 {n}개";
    Close: "Close", "닫기";
    ThisServer: "This server", "이 서버";

    // Sign-in
    SignInTitle: "Sign in to Crowsnest", "Crowsnest 로그인";
    SignInWhere: "On {host}. You will see and do what your role allows, and no more.", "{host} 서버입니다. 역할에 허용된 범위까지만 보고 실행할 수 있습니다.";
    SignInWays: "Ways to sign in", "로그인 방법";
    WayToken: "Token", "토큰";
    WayPassword: "Password", "비밀번호";
    WayCertificate: "Certificate", "인증서";
    WayBrowser: "Browser", "브라우저";
    ContinueAs: "Continue as {user}", "{user}(으)로 계속";
    WayKubeconfig: "Kubeconfig", "kubeconfig 파일";
    CertificateFile: "Client certificate with its key (.p12, .pfx)", "개인 키가 포함된 클라이언트 인증서(.p12, .pfx)";
    KubeconfigFile: "Kubeconfig", "kubeconfig 파일";
    FilePassword: "Password of the file", "파일 비밀번호";
    ChooseFile: "Choose a file, or drop it here", "파일을 선택하거나 여기에 놓으십시오";
    FileMissing: "Choose a file first.", "먼저 파일을 선택하십시오.";
    SignInWithCertificate: "Sign in with certificate", "인증서로 로그인";
    SignInWithKubeconfig: "Sign in with kubeconfig", "kubeconfig 파일로 로그인";
    WhatHappensToFile: "What happens to the file?", "파일은 어떻게 처리됩니까?";
    WhatHappensToFileBody: "This server opens it, shows the certificate to the Kubernetes API server with your requests and no others, and keeps it encrypted until you sign out.", "이 서버가 파일을 열어 본인의 요청에만 인증서를 사용하여 Kubernetes API 서버에 제시하며, 로그아웃할 때까지 암호화하여 보관합니다.";
    WhichKubeconfig: "Which one?", "어떤 파일입니까?";
    WhichKubeconfigBody: "What kubectl config view --raw --minify --flatten prints. The user of its current context signs in, with the token or the client certificate in the file.", "kubectl config view --raw --minify --flatten 명령의 출력입니다. 현재 컨텍스트의 사용자가 파일에 있는 토큰이나 클라이언트 인증서로 로그인합니다.";
    BearerToken: "Bearer token", "베어러 토큰";
    HowToGetToken: "How do I get one?", "토큰 받는 방법";
    HowToGetTokenBody: "In a cluster: kubectl -n crowsnest create token admin-user. The demo prints one when it starts, and keeps it in demo.json in its data folder. On other servers, ask whoever runs them.", "클러스터에서는 kubectl -n crowsnest create token admin-user 명령으로 받습니다. 데모는 시작할 때 토큰을 출력하고 데이터 폴더의 demo.json에 보관합니다. 다른 서버에서는 운영자에게 문의하십시오.";
    User: "User", "사용자";
    Password: "Password", "비밀번호";
    ShowSecret: "Show", "표시";
    HideSecret: "Hide", "숨기기";
    SignInWithToken: "Sign in with token", "토큰으로 로그인";
    SignIn: "Sign in", "로그인";
    SigningIn: "Signing in", "로그인 중";
    TokenRefused: "This token is not accepted. It may be mistyped, expired or meant for another server.", "이 토큰은 사용할 수 없습니다. 잘못 입력했거나, 만료되었거나, 다른 서버의 토큰일 수 있습니다.";
    PasswordRefused: "User and password do not match.", "사용자 이름과 비밀번호가 일치하지 않습니다.";
    TokenMissing: "Enter a token first.", "먼저 토큰을 입력하십시오.";
    PasswordMissing: "Enter user and password first.", "먼저 사용자 이름과 비밀번호를 입력하십시오.";
    SessionEnded: "Your session has ended. Sign in to go on where you were.", "세션이 종료되었습니다. 로그인하면 보던 화면에서 계속합니다.";
    SignedOut: "You are signed out.", "로그아웃되었습니다.";
    OverTls: "Encrypted with TLS", "TLS로 암호화됨";
    OverPlain: "Not encrypted: plain HTTP", "암호화되지 않음: 일반 HTTP";
    Version: "Crowsnest {version}", "Crowsnest {version} 버전";

    // Faces
    Loading: "Loading", "불러오는 중";
    TryNow: "Try now", "지금 다시 시도";
    RetryIn: "Trying again in {time}.", "{time} 후 다시 시도합니다.";
    CannotReach: "Cannot reach the server", "서버에 연결할 수 없습니다";
    CannotReachWhy: "It did not answer. It may be restarting, or the network is down.", "응답이 없습니다. 서버가 다시 시작하는 중이거나 네트워크가 끊겼을 수 있습니다.";
    CannotLoad: "Cannot load {what}", "{what} 정보를 불러올 수 없습니다";
    ServerSaid: "The server answered: {why}", "서버 응답: {why}";
    NotUnderstood: "The answer cannot be read. The page and the server may be of different versions; reload the page.", "응답을 읽을 수 없습니다. 화면과 서버의 버전이 다를 수 있으니 새로 고치십시오.";
    DeniedTitle: "You may not see {what} here", "{what} 정보를 볼 권한이 없습니다";
    CopyRequest: "Copy request for an admin", "관리자에게 보낼 요청 복사";
    Copied: "Copied", "복사됨";
    AdminRequest: "{user} asks to see {what} in Crowsnest at {url}. The server said: {why}", "{user} 계정이 Crowsnest({url})에서 {what} 정보를 볼 수 있도록 요청합니다. 서버 응답: {why}";
    Live: "Live", "실시간";
    LiveBehind: "Live, {time} behind", "실시간, {time} 지연";
    SeenAgo: "Seen {time} ago", "마지막 확인: {time} 전";
    Paused: "Paused", "일시 정지됨";
    PageUnknown: "There is no page here", "없는 페이지입니다";
    PageUnknownWhy: "Nothing answers to {path}. The link may come from a newer Crowsnest.", "{path} 주소에는 페이지가 없습니다. 더 새로운 Crowsnest의 링크일 수 있습니다.";
    GoToOverview: "Go to the overview", "개요로 이동";

    // Time
    TimeRange: "Time range", "시간 범위";
    LastRange: "Last {time}", "최근 {time}";
    Earlier: "Earlier", "이전";
    Later: "Later", "이후";
    ZoomOut: "Wider range", "범위 넓히기";
    Pause: "Pause", "일시 정지";
    Resume: "Resume", "재개";
    From: "From", "시작";
    To: "To", "끝";
    TimeHint: "Also “now”, “now-90m”", "“now”, “now-90m”도 가능";
    TimeInvalid: "Not a time. Try 2026-11-21 08:32, now or now-90m.", "시각이 아닙니다. 2026-11-21 08:32, now, now-90m 형식으로 입력하십시오.";
    TimeOrder: "The end must be after the start.", "끝은 시작보다 나중이어야 합니다.";
    Apply: "Apply", "적용";
    UnitMilliseconds: "{n} ms", "{n}밀리초";
    UnitSeconds: "{n} s", "{n}초";
    UnitMinutes: "{n} min", "{n}분";
    UnitHours: "{n} h", "{n}시간";
    UnitDays: "{n} d", "{n}일";
    DaysOne: "{n} day", "{n}일";
    DaysMany: "{n} days", "{n}일";

    // Verdict
    AllQuiet: "All quiet. {nodes}, nothing short.", "이상 없습니다. {nodes}, 부족한 자원 없음.";
    NodesOne: "{n} node", "노드 {n}개";
    NodesMany: "{n} nodes", "노드 {n}개";
    BrokenOne: "{n} thing is broken", "장애 {n}건";
    BrokenMany: "{n} things are broken", "장애 {n}건";
    LookOne: "{n} needs a look", "확인 필요 {n}건";
    LookMany: "{n} need a look", "확인 필요 {n}건";
    NoNodesVerdict: "No node has reported yet", "아직 보고한 노드가 없습니다";
    Problems: "Problems", "문제";
    WorstFirst: "worst first", "심각한 순";
    Inspect: "Inspect", "살펴보기";
    ProblemSilent: "Silent", "응답 없음";
    ProblemSilentWhy: "Its agent has not reported for {time}. The machine is down, or the agent or the network is.", "에이전트가 {time} 동안 보고하지 않았습니다. 장비, 에이전트 또는 네트워크에 문제가 있습니다.";
    ProblemSilentLong: "Its agent does not report. The machine is down, or the agent or the network is.", "에이전트가 보고하지 않습니다. 장비, 에이전트 또는 네트워크에 문제가 있습니다.";
    ProblemDisk: "Disk nearly full", "디스크 부족";
    ProblemDiskWhy: "{mount} is {share} full, {free} are free.", "{mount} 사용률 {share}, 남은 공간 {free}입니다.";
    ProblemMemory: "Memory short", "메모리 부족";
    ProblemMemoryWhy: "{share} is used, {free} are available. When it runs out, the kernel kills processes.", "사용률 {share}, 사용 가능 {free}입니다. 모두 소진되면 커널이 프로세스를 강제 종료합니다.";
    ProblemCpu: "CPU saturated", "CPU 포화";
    ProblemCpuWhy: "{share} of its {cores} is busy.", "{cores} 중 {share} 사용 중입니다.";
    ProblemLoad: "Overloaded", "과부하";
    ProblemLoadWhy: "Load {load} over 5 min, with {cores}: work waits.", "5분 부하 {load}, {cores}: 작업이 대기하고 있습니다.";

    // Cluster: kinds and columns
    GroupWorkloads: "Workloads", "워크로드";
    GroupNetwork: "Network", "네트워크";
    Services: "Services", "서비스";
    ServicesWord: "the services", "서비스";
    ServiceOne: "service", "서비스";
    Ingresses: "Ingresses", "인그레스";
    IngressesWord: "the ingresses", "인그레스";
    IngressOne: "ingress", "인그레스";
    ColumnHosts: "Hosts", "호스트";
    ColumnAddress: "Address", "주소";
    ColumnSelector: "Selector", "셀렉터";
    PartlyWatched: "Shown are {n} of your {total} namespaces: {names}. Choose others under Namespaces.", "네임스페이스 {total}개 중 {n}개를 표시합니다: {names}. 다른 네임스페이스는 네임스페이스 메뉴에서 선택하십시오.";
    Pods: "Pods", "파드";
    PodsWord: "the pods", "파드";
    Events: "Events", "이벤트";
    EventsWord: "the events", "이벤트";
    Namespaces: "Namespaces", "네임스페이스";
    NamespacesWord: "the namespaces", "네임스페이스";
    ColumnNamespace: "Namespace", "네임스페이스";
    ColumnReady: "Ready", "준비";
    ColumnRestarts: "Restarts, last", "재시작, 마지막";
    ColumnCpuCores: "CPU, cores", "CPU, 코어";
    ColumnIp: "IP address", "IP 주소";
    ColumnAge: "Age", "생성 후";
    ColumnRoles: "Roles", "역할";
    ColumnVersion: "Version", "버전";
    ColumnLastSeen: "Seen", "마지막";
    ColumnReason: "Reason", "이유";
    ColumnObject: "Object", "대상";
    ColumnMessage: "Message", "메시지";
    ColumnCount: "Times", "횟수";
    ColumnSource: "Source", "출처";
    FactOwner: "Owner", "소유자";
    FactQos: "QoS", "QoS 등급";
    FactAccount: "Service account", "서비스 어카운트";
    FactRuntime: "Runtime", "런타임";
    FactKubelet: "Kubelet", "Kubelet 버전";
    StatusNotReady: "not ready", "준비 안 됨";
    StatusUnschedulable: "no node fits", "적합한 노드 없음";
    ChartByNamespace: "by namespace", "네임스페이스별";
    ChartByNamespaceCores: "cores, by namespace", "코어, 네임스페이스별";
    ChartDiskNodesNote: "read and written, all nodes", "읽기와 쓰기, 모든 노드";
    ChartNetworkPodsNote: "of the pods, sent below zero", "파드 전체, 보낸 양은 0 아래";
    ChartWorkingSetNote: "working set, by container", "워킹 셋, 컨테이너별";
    LimitOf: "limit {value}", "한도 {value}";
    ChartCoresNote: "cores, by container", "코어, 컨테이너별";

    // Cluster: lists
    FilterList: "Filter by any word", "단어로 거르기";
    FilterByName: "Filter by name", "이름으로 거르기";
    AllNamespaces: "All namespaces", "모든 네임스페이스";
    AllOf: "All {n}", "전체 {n}";
    NothingHere: "No {what} here", "{what}: 없음";
    UnseenTitle: "{what}: not visible to you", "{what}: 볼 수 없음";
    UnseenWhy: "You may not look into {names}, or there is no such namespace.", "{names} 네임스페이스를 볼 권한이 없거나, 그런 네임스페이스가 없습니다.";
    NothingMatches: "No {what} match", "일치하는 항목이 없습니다: {what}";
    FilterHides: "The filter hides {n}.", "필터에 {n}개가 숨겨져 있습니다.";
    NowhereWhy: "{user} may not list pods in any namespace.", "{user} 계정은 어느 네임스페이스에서도 파드를 볼 수 없습니다.";
    ToneCritical: "Failing", "장애";
    ToneWarning: "Need a look", "확인 필요";
    ToneUnknown: "Unknown", "알 수 없음";
    ToneProgress: "Starting", "시작 중";
    ToneOk: "Well", "정상";
    ToneDone: "Finished", "종료";

    // Cluster: one object
    PodOne: "pod", "파드";
    NodeOne: "node", "노드";
    NamespaceOne: "namespace", "네임스페이스";
    EventOne: "event", "이벤트";
    ObjectUnknown: "No {what} is called {name}", "{what} {name}: 찾을 수 없습니다";
    ObjectUnknownIn: "It is not in {namespace}, or not any more; or the name is mistyped.", "{namespace} 네임스페이스에 없거나 이미 삭제되었거나 이름이 잘못되었습니다.";
    ObjectUnknownWhy: "It is not in this cluster, or not any more; or the name is mistyped.", "이 클러스터에 없거나 이미 삭제되었거나 이름이 잘못되었습니다.";
    ObjectGone: "It is gone. This is how it was last.", "삭제되었습니다. 마지막 상태를 표시합니다.";
    AllOfKind: "All: {what}", "전체: {what}";
    Conditions: "Conditions", "컨디션";
    NoConditions: "It tells of no conditions.", "컨디션이 없습니다.";
    NoEvents: "Nothing was told in the last hour.", "최근 1시간 동안 이벤트가 없습니다.";
    NoPodsHere: "No pods are on this node.", "이 노드에 파드가 없습니다.";
    Containers: "Containers", "컨테이너";
    ColumnState: "State", "상태";
    ColumnLastEnd: "Last end", "마지막 종료";
    ColumnRestartCount: "Restarts", "재시작";
    ColumnCpuAsked: "CPU, limit", "CPU, 한도";
    ColumnMemoryAsked: "Memory, limit", "메모리, 한도";
    ColumnPorts: "Ports", "포트";
    StateRunning: "Running", "실행 중";
    StateRunningNotReady: "Running, not ready", "실행 중, 준비 안 됨";
    LabelsTitle: "Labels", "레이블";
    NoLabels: "It has none.", "없음";
    Annotations: "Annotations", "어노테이션";
    RequestedAndLimits: "{asked} requested · limits {limits}", "요청 {asked} · 한도 {limits}";
    FullestPlace: "fullest: {place}, {share}", "가장 찬 곳: {place}, {share}";
    RoomForPods: "room for {n} more", "{n}개 더 배치 가능";

    // Cluster: overview
    ClusterQuiet: "All quiet. {what}, nothing failing.", "이상 없습니다. {what}, 장애 없음.";
    PodsOne: "{n} pod", "파드 {n}개";
    PodsMany: "{n} pods", "파드 {n}개";
    PodsAffected: "{n} of {total} pods", "파드 {total}개 중 {n}개";
    MoreProblems: "{n} more", "{n}건 더 보기";
    ShowFewerProblems: "Show fewer", "간단히 보기";
    NothingWrong: "Nothing fails and nothing runs short.", "장애나 부족한 자원이 없습니다.";
    RecentWarnings: "Warnings", "경고";
    RecentWarningsNote: "newest first", "최신순";
    NoWarnings: "No warnings in the last hour.", "최근 1시간 동안 경고가 없습니다.";
    AllEvents: "All events", "모든 이벤트";
    PodsByPhase: "Pods by phase", "단계별 파드";
    PhaseReady: "Running, ready", "실행 중, 준비됨";
    PhaseNotReady: "Running, not ready", "실행 중, 준비 안 됨";
    PhasePending: "Pending", "대기 중";
    PhaseFailed: "Failed", "실패";
    PhaseCompleted: "Completed", "완료";
    KeyUsed: "used", "사용";
    KeyRequested: "requested", "요청";
    MetricsDenied: "There are no charts here: seeing metrics needs get on nodes in the whole cluster.", "차트를 표시할 수 없습니다. 메트릭을 보려면 클러스터 전체의 nodes get 권한이 필요합니다.";
    NodesDenied: "Nodes are not shown.", "노드는 표시되지 않습니다.";

    // Cluster: how a list is doing
    ApiServerSilent: "The API server does not answer", "API 서버가 응답하지 않습니다";
    ServerSilent: "Crowsnest does not answer", "Crowsnest 서버가 응답하지 않습니다";
    TryingAgainIn: "trying again in {time}", "{time} 후 다시 시도합니다";
    TryingAgain: "trying again", "다시 시도하는 중입니다";
    SeenIsFrom: "what you see is from {time}", "지금 보이는 내용은 {time} 기준입니다";
    NeedsRight: "{user} needs {verb} on {resource} in the whole cluster.", "{user} 계정에 클러스터 전체의 {resource} {verb} 권한이 필요합니다.";
    NeedsRightIn: "{user} needs {verb} on {resource} in {namespace}.", "{user} 계정에 {namespace}의 {resource} {verb} 권한이 필요합니다.";

    // Cluster: what is wrong with volumes and ingresses
    VolumeClaim: "Volume claim", "볼륨 클레임";
    VolumeFull: "Volume full", "볼륨 가득 참";
    VolumeNearlyFull: "Volume nearly full", "볼륨 거의 가득 참";
    WhyVolume: "{share} is used, {free} are free. What cannot be written is lost, and databases stop.", "사용률 {share}, 남은 공간 {free}입니다. 쓰기가 실패하면 데이터가 손실되고 데이터베이스가 멈춥니다.";
    WhyVolumePod: "{share} is used, {free} are free. {pod} writes to it and fails when nothing is left.", "사용률 {share}, 남은 공간 {free}입니다. {pod} 파드가 사용 중이며 공간이 없으면 실패합니다.";
    WhyInodes: "{share} of its inodes are used; without one no file can be made, however much space is left.", "inode 사용률 {share}입니다. inode가 없으면 공간이 남아도 파일을 만들 수 없습니다.";
    IngressNowhere: "Leads nowhere", "연결 대상 없음";
    WhyNoService: "It leads to the Service {service}, which does not exist in {namespace}. Whoever calls {hosts} gets an error.", "{namespace} 네임스페이스에 없는 서비스 {service}(으)로 연결합니다. {hosts} 요청은 오류를 받습니다.";
    WhyNoPort: "It leads to port {port} of the Service {service}, which has no such port. Whoever calls {hosts} gets an error.", "서비스 {service}에 없는 포트 {port}(으)로 연결합니다. {hosts} 요청은 오류를 받습니다.";

    // Cluster: what is wrong with pods
    NotReady: "Not ready", "준비 안 됨";
    RestartsOne: "{n} restart", "재시작 {n}회";
    RestartsMany: "{n} restarts", "재시작 {n}회";
    CoresShort: "{n} cores", "{n}코어";
    WhyCrash: "Container {container} ends with exit code {code} soon after each start; {restarts}.", "{container} 컨테이너가 시작 직후 종료 코드 {code}로 계속 종료됩니다. {restarts}.";
    WhyMemoryLimit: "Container {container} is killed because it runs out of memory; its limit is {limit}. {restarts}.", "메모리가 부족하여 {container} 컨테이너가 강제 종료되었습니다. 한도 {limit}, {restarts}.";
    WhyMemory: "Container {container} is killed because memory runs out. {restarts}.", "메모리가 부족하여 {container} 컨테이너가 강제 종료되었습니다. {restarts}.";
    WhyImage: "The image {image} cannot be pulled.", "{image} 이미지를 가져올 수 없습니다.";
    WhyImageBecause: "The image {image} cannot be pulled: {why}", "{image} 이미지를 가져올 수 없습니다: {why}";
    WhyContainer: "Container {container} cannot be made.", "{container} 컨테이너를 만들 수 없습니다.";
    WhyAsks: "It asks for {asks}.", "요청량: {asks}.";
    WhyNotReady: "Container {container} runs but is not ready.", "{container} 컨테이너가 실행 중이지만 준비되지 않았습니다.";
    WhyStuck: "It has not started for more than 2 min.", "2분이 넘도록 시작되지 않았습니다.";
    WhyEnded: "Container {container} ended with exit code {code}.", "{container} 컨테이너가 종료 코드 {code}로 종료되었습니다.";
    WhyEvicted: "It was put out of its node.", "노드에서 축출되었습니다.";
    NoNodeFits: "{fitting} of {total} nodes fit: {reasons}.", "노드 {total}개 중 {fitting}개가 적합합니다: {reasons}.";
    NodesLackCpu: "{n} lack CPU", "{n}개 CPU 부족";
    NodesLackMemory: "{n} lack memory", "{n}개 메모리 부족";
    NodesLackStorage: "{n} lack disk space", "{n}개 디스크 공간 부족";
    NodesFull: "{n} have no room for more pods", "{n}개 파드 수 한도 도달";
    NodesTainted: "{n} tainted", "{n}개 테인트";
    NodesCordoned: "{n} cordoned", "{n}개 스케줄링 중지";
    NodesUnselected: "{n} do not match its node selector", "{n}개 노드 셀렉터 불일치";
    NodesAntiAffinity: "{n} ruled out by anti-affinity", "{n}개 안티어피니티로 제외";
    NodesVolume: "{n} cannot reach its volume", "{n}개 볼륨 접근 불가";
    PodClaimsUnbound: "its volume claims are not bound", "볼륨 클레임이 바인딩되지 않음";

    // Overview
    StatMemory: "Memory", "메모리";
    StatCpu: "CPU", "CPU";
    StatDisk: "Disk", "디스크";
    StatLoad: "Load", "부하";
    UsedOf: "{used} of {total}", "{total} 중 {used}";
    CoresOne: "{n} core", "코어 {n}개";
    CoresMany: "{n} cores", "코어 {n}개";
    CoresBusy: "{used} of {cores} busy", "{cores} 중 {used} 사용";
    MemoryAvailable: "{free} available", "{free} 사용 가능";
    FullestMount: "fullest: {mount}", "가장 찬 곳: {mount}";
    NoFilesystem: "no file system reported", "보고된 파일 시스템 없음";
    LoadNote: "{five} over 5 min · {fifteen} over 15 min", "5분 {five} · 15분 {fifteen}";
    UptimeNote: "up {time}", "가동 {time}";
    NodeLabel: "Node", "노드";
    OpenInExplore: "Open in Explore", "탐색에서 열기";
    OpenNode: "All charts of {node}", "{node} 차트 모두 보기";

    // Chart titles and series
    ChartCpu: "CPU", "CPU";
    ChartCpuNote: "share of all cores, by mode", "전체 코어 대비, 모드별";
    ChartMemory: "Memory", "메모리";
    ChartDisk: "Disk", "디스크";
    ChartDiskNote: "read and written", "읽기와 쓰기";
    ChartNetwork: "Network", "네트워크";
    ChartNetworkNote: "sent below zero", "보낸 양은 0 아래";
    ChartLoad: "Load", "부하";
    ChartLoadNote: "runnable and blocked tasks", "실행 대기 및 차단된 작업";
    ChartDiskBusy: "Disk busy", "디스크 사용률";
    ChartDiskBusyNote: "share of time, by device", "시간 비율, 장치별";
    ChartFilesystem: "File systems", "파일 시스템";
    ChartFilesystemNote: "used, by mount point", "사용률, 마운트 지점별";
    ChartProcesses: "Processes", "프로세스";
    ChartProcessesNote: "by state", "상태별";
    ChartSwitches: "Switches and interrupts", "전환과 인터럽트";
    ChartSwitchesNote: "per second", "초당";
    ChartNetworkDevices: "Network by device", "장치별 네트워크";
    ChartNetworkDevicesNote: "received", "받은 양";
    ChartPackets: "Packets", "패킷";
    ChartPaging: "Paging", "페이징";
    ChartPagingNote: "major faults and swap", "주 페이지 폴트와 스왑";
    SeriesUsed: "used by processes", "프로세스 사용";
    SeriesCache: "page cache", "페이지 캐시";
    SeriesBuffers: "buffers", "버퍼";
    SeriesFree: "free", "여유";
    SeriesRead: "read", "읽기";
    SeriesWritten: "written", "쓰기";
    SeriesReceived: "received", "받음";
    SeriesSent: "sent", "보냄";
    SeriesLoad1: "1 min", "1분";
    SeriesLoad5: "5 min", "5분";
    SeriesLoad15: "15 min", "15분";
    SeriesRunning: "running", "실행 중";
    SeriesBlocked: "blocked", "차단됨";
    SeriesForks: "started per second", "초당 시작";
    SeriesSwitches: "context switches", "문맥 전환";
    SeriesInterrupts: "interrupts", "인터럽트";
    SeriesFaults: "major faults", "주 페이지 폴트";
    SeriesSwapIn: "swapped in", "스왑 인";
    SeriesSwapOut: "swapped out", "스왑 아웃";
    SectionCpuMemory: "CPU and memory", "CPU와 메모리";
    SectionDisk: "Disk", "디스크";
    SectionNetwork: "Network", "네트워크";
    SectionKernel: "Kernel", "커널";
    NoSamples: "No samples in this range", "이 기간에 샘플이 없습니다";
    ChartsWord: "the charts", "차트";

    // Charts
    NoSamplesSince: "No samples since {time}", "{time} 이후 샘플이 없습니다";
    NoSamplesBetween: "No samples from {from} to {to}", "{from}부터 {to}까지 샘플이 없습니다";
    MoreSeries: "{n} more", "{n}개 더";
    SeriesShown: "The first {n} of {total} series", "시계열 {total}개 중 처음 {n}개";
    ShowAllSeries: "Show all", "모두 표시";
    ShowFewerSeries: "Show fewer", "간단히 표시";
    ShowAsTable: "Show as table", "표로 보기";
    HideTable: "Hide table", "표 숨기기";
    ColumnTime: "Time", "시각";
    LegendHint: "Click shows only this series, Ctrl and click hides it or shows it again", "클릭하면 이 시계열만 표시하고, Ctrl+클릭하면 숨기거나 다시 표시합니다";
    ChartSummary: "{title}, {from} to {to}: {series}", "{title}, {from}부터 {to}까지: {series}";
    ChartSummarySeries: "{name} is {last}, between {min} and {max}", "{name} 현재 {last}, 최소 {min}, 최대 {max}";
    ChartKeysHint: "Arrow keys move along the samples, plus and minus zoom", "화살표 키로 샘플을 이동하고, 더하기와 빼기 키로 확대하거나 축소합니다";

    // Nodes
    NodesWord: "the nodes", "노드";
    ColumnName: "Name", "이름";
    ColumnStatus: "Status", "상태";
    ColumnCpu: "CPU", "CPU";
    ColumnMemory: "Memory", "메모리";
    ColumnDisk: "Disk", "디스크";
    ColumnLoad: "Load, 5 min", "부하, 5분";
    ColumnUptime: "Uptime", "가동 시간";
    ColumnLastSample: "Last sample", "마지막 샘플";
    NodeUp: "Reporting", "보고 중";
    NodesEmpty: "No node has reported yet", "아직 보고한 노드가 없습니다";
    NodesEmptyWhy: "Start crowsnest-agent on a machine and give it this server's address and an ingest token. It appears here within seconds.", "장비에서 crowsnest-agent를 시작하고 이 서버의 주소와 수집 토큰을 지정하십시오. 몇 초 안에 여기에 표시됩니다.";
    FilterNodes: "Filter by name", "이름으로 거르기";
    NoNodeMatches: "No nodes match", "일치하는 노드가 없습니다";
    NoNodeMatchesWhy: "The filter hides {nodes}.", "필터에 {nodes} 숨겨져 있습니다.";
    ClearFilter: "Clear filter", "필터 지우기";
    Shown: "{shown} of {total}", "{total}개 중 {shown}개";
    SortBy: "Sort by {column}", "{column} 기준 정렬";
    CpuLastHour: "CPU of {node}, last hour", "{node} CPU, 최근 1시간";
    NodeUnknown: "No node is called {node}", "{node} 노드가 없습니다";
    NodeUnknownWhy: "It has not reported within this server's retention, or the name is mistyped.", "보존 기간 안에 보고한 적이 없거나 이름이 잘못되었습니다.";
    AllNodes: "All nodes", "모든 노드";
    FactSystem: "System", "시스템";
    FactKernel: "Kernel", "커널";
    FactCores: "Cores", "코어";
    FactMemory: "Memory", "메모리";
    FactUptime: "Uptime", "가동 시간";

    // Explore
    Query: "Query", "쿼리";
    QueryPlaceholder: "PromQL, for example rate(node_cpu_seconds_total[5m])", "PromQL, 예: rate(node_cpu_seconds_total[5m])";
    QueryHelp: "Enter runs the query, Shift Enter begins a line. Ctrl Space offers what can stand at the caret; arrow keys choose, Tab takes.", "Enter로 실행하고 Shift Enter로 줄을 바꿉니다. Ctrl Space로 입력할 수 있는 항목을 보고, 화살표 키로 선택하고, Tab으로 넣습니다.";
    EditorKeys: "Enter runs · Shift Enter new line · Ctrl Space completes", "Enter 실행 · Shift Enter 줄 바꿈 · Ctrl Space 자동 완성";
    Offers: "Completions", "자동 완성";
    OffersOne: "{n} completion", "자동 완성 {n}개";
    OffersMany: "{n} completions", "자동 완성 {n}개";
    OffersMore: "and {n} more, type on", "그 외 {n}개, 계속 입력하십시오";
    KindMetric: "Metric", "메트릭";
    KindFunction: "Function", "함수";
    KindAggregation: "Aggregation", "집계";
    KindWord: "Keyword", "키워드";
    KindLabel: "Label", "레이블";
    KindValue: "Value", "값";
    KindDuration: "Duration", "기간";
    Experimental: "Experimental: works where the server has it switched on.", "실험적 기능: 서버에서 켜야 동작합니다.";
    MetricUndescribed: "Its senders do not describe it.", "보낸 쪽의 설명이 없습니다.";
    WordAnd: "Keeps the series of the left side that have a partner with the same labels on the right.", "오른쪽에 같은 레이블의 짝이 있는 왼쪽 시계열만 남깁니다.";
    WordAnchored: "Counts the last sample before the window as its edge; nothing is extrapolated.", "구간 직전의 마지막 샘플을 경계값으로 사용하며 외삽하지 않습니다.";
    WordAt: "Evaluates at a fixed time, in seconds since 1970.", "1970년부터의 초로 지정한 고정 시각에 평가합니다.";
    WordAtan2: "Arc tangent of left over right, by quadrant.", "왼쪽/오른쪽의 아크탄젠트를 사분면에 맞게 구합니다.";
    WordBool: "Gives 0 or 1 instead of leaving out what does not compare.", "조건에 맞지 않는 값을 제거하는 대신 0 또는 1을 반환합니다.";
    WordBy: "Groups by these labels; all others go.", "이 레이블로 묶고 나머지 레이블은 제거합니다.";
    WordEnd: "The end of the range, for @.", "범위의 끝 시각입니다(@와 함께 사용).";
    WordGroupLeft: "Many series on the left match one on the right, whose listed labels they take over.", "왼쪽의 여러 시계열을 오른쪽의 하나와 짝짓고, 나열한 레이블을 가져옵니다.";
    WordGroupRight: "Many series on the right match one on the left, whose listed labels they take over.", "오른쪽의 여러 시계열을 왼쪽의 하나와 짝짓고, 나열한 레이블을 가져옵니다.";
    WordIgnoring: "Matches the two sides by all labels but these.", "이 레이블을 제외한 모든 레이블로 양쪽을 짝짓습니다.";
    WordOffset: "Looks so far back in time.", "지정한 시간만큼 과거를 봅니다.";
    WordOn: "Matches the two sides by these labels only.", "이 레이블만으로 양쪽을 짝짓습니다.";
    WordOr: "All series of the left side, and those of the right that have no partner there.", "왼쪽의 모든 시계열과, 왼쪽에 짝이 없는 오른쪽 시계열을 합칩니다.";
    WordSmoothed: "Interpolates the values at the edges of the window.", "구간 경계의 값을 보간합니다.";
    WordStart: "The start of the range, for @.", "범위의 시작 시각입니다(@와 함께 사용).";
    WordUnless: "Keeps the series of the left side that have no partner on the right.", "오른쪽에 짝이 없는 왼쪽 시계열만 남깁니다.";
    WordWithout: "Groups by all labels but these.", "이 레이블을 제외한 모든 레이블로 묶습니다.";
    Metrics: "Metrics", "메트릭";
    MetricsWord: "the metrics", "메트릭";
    MetricsHint: "Look for a metric by name or description (M)", "이름이나 설명으로 메트릭 찾기 (M)";
    MetricsFind: "Search names and descriptions", "이름과 설명 검색";
    MetricsNone: "No metrics match", "일치하는 메트릭이 없습니다";
    MetricType: "Type", "유형";
    AllTypes: "all", "전체";
    MetricChosen: "Chosen metric", "선택한 메트릭";
    MetricInsert: "Insert into the query", "쿼리에 넣기";
    MetricStarts: "Queries to start from", "시작 쿼리";
    LabelsOne: "{n} label", "레이블 {n}개";
    LabelsMany: "{n} labels", "레이블 {n}개";
    History: "History", "기록";
    HistoryAgo: "{time} ago", "{time} 전";
    HistoryFind: "Search queries", "쿼리 검색";
    HistoryEmpty: "Queries that you run appear here.", "실행한 쿼리가 여기에 표시됩니다.";
    HistoryNoMatch: "No queries match", "일치하는 쿼리가 없습니다";
    HistoryClear: "Clear", "지우기";
    HistoryNote: "Kept in this browser only, for you.", "이 브라우저에만, 본인용으로 보관됩니다.";
    Format: "Format", "정렬";
    FormatHint: "Lay the query out over lines (Shift Alt F)", "쿼리를 여러 줄로 정리 (Shift Alt F)";
    Explain: "Explain", "분석";
    ExplainHint: "Show what each part of the query costs", "쿼리 각 부분의 비용 보기";
    ExplainNote: "parts below what they belong to", "하위 부분은 아래에 표시";
    ExplainNone: "A query that fails has nothing to explain.", "실패한 쿼리는 분석할 내용이 없습니다.";
    ExplainPart: "Part", "부분";
    ExplainSeries: "Series", "시계열";
    ExplainSamples: "Samples", "샘플";
    ExplainTime: "Own time", "자체 시간";
    ExplainWithParts: "{time} with its parts", "하위 부분 포함 {time}";
    ExplainTotals: "{total} in all, {queued} of it waiting. Looked at {looked} samples, held {peak} at most.", "전체 {total}, 그중 대기 {queued}. 샘플 {looked}개를 읽고 최대 {peak}개를 메모리에 두었습니다.";
    HistogramsOne: "{n} series is a native histogram, which has no line and no single value. Raw shows it; histogram_quantile and its kin draw it.", "시계열 {n}개는 네이티브 히스토그램이라 선이나 단일 값이 없습니다. 원본 보기에 표시되며, histogram_quantile 등의 함수로 그릴 수 있습니다.";
    HistogramsMany: "{n} series are native histograms, which have no line and no single value. Raw shows them; histogram_quantile and its kin draw them.", "시계열 {n}개는 네이티브 히스토그램이라 선이나 단일 값이 없습니다. 원본 보기에 표시되며, histogram_quantile 등의 함수로 그릴 수 있습니다.";
    RawOpen: "Open in a new tab", "새 탭에서 열기";
    RawCopy: "Copy", "복사";
    RawCut: "The first {shown} of {total} thousand characters; the address above has all of them.", "{total}천 자 중 처음 {shown}천 자입니다. 위 주소에서 전체를 볼 수 있습니다.";
    Run: "Run", "실행";
    Running: "Running", "실행 중";
    Step: "Step", "간격";
    StepAuto: "auto, {step}", "자동, {step}";
    ViewGraph: "Graph", "그래프";
    ViewTable: "Table", "표";
    ViewBoth: "Both", "모두";
    ViewRaw: "Raw", "원본";
    View: "View", "보기";
    Result: "Result", "결과";
    SeriesOne: "{n} series", "시계열 {n}개";
    SeriesMany: "{n} series", "시계열 {n}개";
    PointsOne: "{n} point", "점 {n}개";
    PointsMany: "{n} points", "점 {n}개";
    ColumnSeries: "Series", "시계열";
    ColumnValue: "Value", "값";
    ColumnMin: "Min", "최소";
    ColumnMean: "Mean", "평균";
    ColumnMax: "Max", "최대";
    ColumnLast: "Last", "마지막";
    ExploreStart: "Ask something", "질의해 보십시오";
    ExploreStartWhy: "Write an expression above and run it, or start from one of these.", "위에 식을 작성해 실행하거나 아래 예에서 시작하십시오.";
    ExampleUp: "Which nodes report", "보고 중인 노드";
    ExampleCpu: "Busy share of each node's CPU", "노드별 CPU 사용률";
    ExampleMemory: "Memory in use, per node", "노드별 메모리 사용량";
    ExampleNetwork: "Bytes received per second, by device", "장치별 초당 수신 바이트";
    ResultEmpty: "No series match", "일치하는 시계열이 없습니다";
    ResultEmptyWhy: "The expression is fine, but nothing answers to it in this range. Widen the range or loosen a matcher.", "식은 올바르지만 이 범위에 해당하는 시계열이 없습니다. 범위를 넓히거나 조건을 완화하십시오.";
    QueryWrong: "The expression has a mistake", "식에 오류가 있습니다";
    QueryFailed: "The query failed", "쿼리가 실패했습니다";
    AtPosition: "line {line}, column {column}", "{line}행 {column}열";
    GoToMistake: "Show in the query", "쿼리에서 보기";
    FirstSeries: "Showing {n} of {total} series", "시계열 {total}개 중 {n}개 표시";
    ShowAll: "Show all", "모두 표시";
    ExploreWord: "the result", "결과";

    // Sources: who pushes samples
    Sources: "Sources", "수집원";
    SourcesWord: "the sources", "수집원";
    Pushers: "Pushing", "전송";
    Targets: "Scraped", "스크랩";
    TargetsWord: "the targets", "대상";
    Target: "Target", "대상";
    TargetUp: "Up", "정상";
    TargetDown: "Down", "실패";
    TargetHistory: "When it was up", "상태 이력";
    ScrapeTime: "Took", "소요 시간";
    AdviceTargetDown: "Whoever scrapes it says why in its log: the agent of its node, or this server.", "노드의 에이전트 또는 이 서버의 로그에 이유가 있습니다.";
    FilterSources: "Filter sources", "수집원 필터";
    SourcePushing: "Pushing", "전송 중";
    SourceSilent: "Silent", "응답 없음";
    SourceRefused: "Partly refused", "일부 거부됨";
    SamplesRefused: "Samples refused", "거부된 샘플";
    ColumnSamplesPerSecond: "Samples/s", "초당 샘플";
    ColumnInterval: "Interval", "주기";
    ColumnSince: "Since", "시작";
    ColumnLastPush: "Last push", "마지막 전송";
    SeriesByMetric: "Which metrics they belong to", "메트릭별 시계열 보기";
    NoSources: "Nobody pushes yet", "아직 전송하는 수집원이 없습니다";
    NoSourcesWhy: "Start an agent with this server's address and an ingest token, or point Prometheus' remote_write at api/v1/write.", "이 서버의 주소와 수집 토큰으로 에이전트를 시작하거나, Prometheus의 remote_write를 api/v1/write로 설정하세요.";
    SourcesMore: "There are more; the filter finds them.", "더 있습니다. 필터로 찾을 수 있습니다.";
    PushesRefused: "{pusher}: {pushes}, the last {ago} ago", "{pusher}: {pushes}, 마지막은 {ago} 전";
    PushesRefusedOne: "1 push was refused as a whole", "전송 1건이 전부 거부됨";
    PushesRefusedMany: "{n} pushes were refused as a whole", "전송 {n}건이 전부 거부됨";
    AdviceSilent: "Is it running, and can it reach this server? Its log says what it was answered. If it is gone for good, it leaves this list after a week.", "실행 중인지, 이 서버에 연결할 수 있는지 확인하세요. 수집원의 로그에 서버의 응답이 있습니다. 완전히 제거된 경우 일주일 후 목록에서 사라집니다.";
    AdviceTooOld: "It is further behind than the out-of-order window. After an outage this ends by itself; if it goes on, compare its clock.", "순서가 어긋난 샘플의 허용 범위보다 뒤처져 있습니다. 장애 후라면 저절로 해소되며, 계속되면 시계를 비교하세요.";
    AdviceBeyondRetention: "It sends samples that are older than what is kept. Let it drop its old queue, or keep more with --retention.", "보존 기간보다 오래된 샘플을 보냅니다. 오래된 대기열을 버리게 하거나 --retention 값을 늘리세요.";
    AdviceTooNew: "Its clock is ahead of this server's. Synchronise both.", "시계가 이 서버보다 앞서 있습니다. 두 시계를 동기화하세요.";
    AdviceConflict: "Two senders push the same series with different values. Give each its own instance label.", "두 전송자가 같은 시계열에 다른 값을 보냅니다. 각각 다른 instance 레이블을 지정하세요.";
    AdviceInvalid: "Prometheus would refuse these, too. The example names a series; whoever makes it should be mended.", "Prometheus에서도 거부되는 값입니다. 예시로 표시된 시계열을 만드는 쪽을 고치세요.";
    AdviceSeriesLimit: "The store holds as many series as --max-series allows. Find labels with many values by a click on the series of the largest source, and drop them; or raise the limit.", "저장소가 --max-series 한도에 도달했습니다. 가장 큰 수집원의 시계열 수를 눌러 값이 많은 레이블을 찾아 제거하거나 한도를 늘리세요.";
    AdviceSourceSeriesLimit: "It has as many series as --max-series-per-source allows; only new ones are refused. A click on its series shows which metric they belong to.", "--max-series-per-source 한도에 도달하여 새 시계열만 거부됩니다. 시계열 수를 누르면 메트릭별로 볼 수 있습니다.";
    AdvicePush: "The message is what the sender was told. If it was 503 it will send the same again; anything else is not remote write as this server knows it.", "위 메시지는 전송자가 받은 응답입니다. 503이면 같은 내용을 다시 보냅니다. 그 밖의 경우 이 서버가 지원하는 remote write 형식이 아닙니다.";

    // Keys
    Keys: "Keyboard shortcuts", "단축키";
    KeysGo: "Go", "이동";
    KeysView: "This page", "이 페이지";
    KeysAnywhere: "Anywhere", "어디서나";
    KeyTheme: "Next theme", "다음 테마";
    KeyRange: "Time range", "시간 범위";
    KeyEarlierLater: "Earlier, later", "이전, 이후";
    KeyFind: "Filter, or the query", "거르기 또는 쿼리";
    KeyRows: "Next, previous row", "다음, 이전 행";
    KeyOpen: "Open the row", "행 열기";
    KeyRun: "Run the query", "쿼리 실행";
    KeyPause: "Pause or resume", "일시 정지 또는 재개";
    KeyEscape: "Close what is open", "열린 것 닫기";
    KeysSingle: "Single-key shortcuts", "한 글자 단축키";
    KeysSingleWhy: "They never fire inside a text field.", "입력란에서는 동작하지 않습니다.";
    Then: "then", "다음";
    // Access: what one may do, and who else may
    Access: "Access", "권한";
    WhatCanI: "What can I do", "내 권한";
    WhoCan: "Who can do this", "권한 보유자";
    WholeCluster: "Whole cluster", "전체 클러스터";
    Where: "In", "범위";
    WithCrowsnest: "With Crowsnest", "Crowsnest 권한";
    RightsWord: "your rights", "권한";
    RolesWord: "the roles", "역할";
    OwnView: "See everything", "전체 보기";
    OwnViewWhat: "All metrics, targets, rules, alerts and settings", "모든 메트릭, 대상, 규칙, 경보 및 설정";
    OwnEdit: "Edit", "편집";
    OwnEditWhat: "Dashboards, rules and silences", "대시보드, 규칙 및 사일런스";
    OwnAdminister: "Administer", "관리";
    OwnAdministerWhat: "Reload, delete samples, everything else", "다시 읽기, 샘플 삭제 및 그 밖의 모든 작업";
    OwnPush: "Push", "전송";
    OwnPushWhat: "Samples and alerts", "샘플 및 경보";
    Allowed: "Allowed", "허용";
    NotAllowed: "Not allowed", "허용 안 됨";
    NotAllowedTo: "Not allowed: {action}", "허용 안 됨: {action}";
    WhatIsMissing: "What is missing", "필요한 권한";
    RoleSnippet: "Role", "Role 매니페스트";
    RoleSnippetWhy: "An administrator can give it with kubectl apply -f:", "관리자가 kubectl apply -f 명령으로 부여할 수 있습니다.";
    CopyRole: "Copy role", "Role 복사";
    RulesEverywhere: "In the whole cluster", "전체 클러스터 권한";
    RulesIn: "In {namespace}", "{namespace} 네임스페이스 권한";
    RulesIncomplete: "There may be more: one of the cluster's authorisers cannot list what it allows. {why}", "권한이 더 있을 수 있습니다. 클러스터의 인가 모듈 중 하나가 허용 목록을 제공하지 않습니다. {why}";
    NoRules: "Nothing", "권한 없음";
    NoRulesWhy: "No role gives you anything here, or nothing that the filter finds.", "여기서 부여된 권한이 없거나, 필터와 일치하는 권한이 없습니다.";
    FilterResources: "Filter resources", "리소스 필터";
    Resource: "Resource", "리소스";
    OtherVerbs: "Other verbs", "기타 동사";
    Everything: "Everything", "모든 리소스";
    OnlyNames: "only {names}", "{names}에만 해당";
    Verb: "Verb", "동사";
    FindWho: "Find out", "조회";
    WhoCanVerb: "Who can {verb} {resource} · {place}", "{resource} {verb} 권한 보유자 · {place}";
    WhoUnread: "Not everything could be read, so others may be allowed, too", "일부를 읽을 수 없어 다른 보유자가 더 있을 수 있습니다";
    WhoNobody: "Nobody that you can read of", "조회할 수 있는 보유자 없음";
    WhoMasters: "Members of the group system:masters may do everything, whatever roles say; other authorisers of the cluster may allow more.", "system:masters 그룹의 구성원은 역할과 관계없이 모든 작업을 할 수 있으며, 클러스터의 다른 인가 모듈이 추가로 허용할 수 있습니다.";
    SubjectKind: "Kind", "종류";
    Binding: "Binding", "바인딩";
    RoleWord: "Role", "역할";
    // Access: credentials to take away
    Credentials: "Credentials", "자격 증명";
    KubeconfigWhat: "Your own credential for kubectl. Whoever has the file is you, until the credential ends.", "kubectl에서 사용할 본인의 자격 증명입니다. 자격 증명이 만료될 때까지 파일을 가진 사람은 본인과 같은 권한을 갖습니다.";
    Download: "Download", "다운로드";
    NewCertificate: "Client certificate", "클라이언트 인증서";
    NewCertificateWhat: "A p12 file for a browser, signed by the cluster, for you or somebody else", "클러스터가 서명한 브라우저용 p12 파일 (본인 또는 다른 사용자용)";
    MakeCertificate: "Make a certificate", "인증서 만들기";
    Signing: "The cluster signs", "클러스터에서 서명 중";
    MintWhat: "The key is made by this server and kept nowhere. What the user may do is for RoleBindings to say.", "키는 이 서버에서 만들며 어디에도 보관하지 않습니다. 사용자의 권한은 RoleBinding으로 정합니다.";
    MintUserHint: "Kubernetes' name of the user, such as alice", "Kubernetes 사용자 이름 (예: alice)";
    Groups: "Groups", "그룹";
    MintGroupsHint: "Separated by commas; may be empty", "쉼표로 구분하며 비워 둘 수 있습니다";
    GoodFor: "Good for", "유효 기간";
    MintedFor: "A certificate for {user}, good until {time}", "{user} 인증서 발급 완료, 만료 {time}";
    ShownOnce: "It is shown this once. The file is of no use without it.", "지금 한 번만 표시됩니다. 비밀번호 없이는 파일을 사용할 수 없습니다.";
    CopyPassword: "Copy password", "비밀번호 복사";
    DownloadP12: "Download p12", "p12 다운로드";
    DownloadCa: "Download ca.crt", "ca.crt 다운로드";
    MintNext: "Import the p12 into the browser or the keychain, and trust ca.crt for web sites to reach the API server without a warning.", "p12 파일을 브라우저나 키체인으로 가져오고, API 서버에 경고 없이 접속하려면 ca.crt를 웹 사이트용으로 신뢰하십시오.";
    // Access: where one is signed in
    Sessions: "Sessions", "세션";
    SessionsWord: "your sessions", "세션";
    SessionOfProgram: "A program", "프로그램";
    SessionTimes: "Began {began} ago, last used {used} ago", "{began} 전에 시작, {used} 전에 마지막 사용";
    ThisSession: "This one", "현재 세션";
    EndSession: "End", "종료";
    EverySession: "All of them", "모든 세션";
    SignOutEverywhere: "Sign out everywhere", "모든 곳에서 로그아웃";
    // Signing in at an issuer
    WayOidc: "Single sign-on", "통합 로그인";
    SignInAt: "Sign in at {issuer}", "{issuer}에서 로그인";
    WhatHappensAtIssuer: "What happens there?", "어떻게 진행됩니까?";
    WhatHappensAtIssuerBody: "You show who you are to the issuer that the cluster believes, and come back here. This server sees no password; it keeps the token that it gets for you encrypted, and shows it to the Kubernetes API server with your requests and no others.", "클러스터가 신뢰하는 발급자에게 본인을 확인한 후 이 페이지로 돌아옵니다. 이 서버는 비밀번호를 보지 않으며, 받은 토큰은 암호화하여 보관하고 본인의 요청에만 사용하여 Kubernetes API 서버에 제시합니다.";
    Ephemeral: "What this server keeps is lost with its pod: samples, rules and sessions. An installation with a volume keeps them.", "이 서버의 샘플, 규칙 및 세션은 파드와 함께 삭제됩니다. 볼륨을 사용하는 설치에서는 유지됩니다.";
}
