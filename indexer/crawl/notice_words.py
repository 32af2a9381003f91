"""The words of notices, in the languages that they were met in. How they count: :mod:`indexer.crawl.notices`.

Collected from the pages that web servers, frameworks, shops, forums and publishers show when they are down,
moved, closed or in doubt about who asks.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from indexer.records import Verdict


def _joined(lines: str) -> str:
    return "".join(line.lstrip() for line in lines.splitlines())


_PLACES = {
    "<THING>": _joined(r"""
        (?:page|(?:web)?site|web page|service|server|blog|store|shop|document|article|content|system
        |app(?:lication)?|resource|file|post|story|link|item|entry|forum|wiki|repository|profile|account|url
        |address|object|portal|platform|database|video|product|listing|account|board|community|domain)s?
        """),
    "<NOW>": r"(?:(?:currently|temporarily|briefly|momentarily|now|still|again|also|been|being) )*",
    "<IS>": r"(?:is|are|was|were|s|re|has|have|has been|have been|had been|may have|might have|will be)",
}


def _alternatives(lines: str) -> re.Pattern[str]:
    """Alternatives over as many lines as they take, each beginning with a word."""
    text = _joined(lines)
    for place, words in _PLACES.items():
        text = text.replace(place, words)
    return re.compile(rf"\b(?:{text})", re.IGNORECASE)


class Kind(NamedTuple):
    """A kind of notice: how its head is known, and what it makes of the page."""

    pattern: re.Pattern[str]
    verdict: Verdict
    reason: str


COOKIES = Kind(
    _alternatives(r"""
    cookies? (?:\w+ ){0,3}(?:required|disabled|needed|necessary|blocked|absent|missing|turned off|off)\b
    |cookies? (?:must|need to|should) be|(?:enable|allow|accept|turn on|requires?|need|without
    |no) (?:\w+ )?cookies?\b|(?:not|n.?t) (?:accept|allow|support|enabled?)(?:ing)? (?:\w+ )?cookies?\b
    |cookies? (?:sind )?(?:deaktiviert|erforderlich)|cookies? (?:sont )?(?:désactivés|requis
    |nécessaires)
    """),
    Verdict.BOT_WALL,
    "the host wants cookies",
)
"""Looked for in the text of every notice as well."""

KINDS = (
    COOKIES,
    Kind(
        _alternatives(r"""
        (?:unsupported|outdated|incompatible|old|out of date) (?:web )?browser|browser (?:\w+ )?(?:not
        |no longer|isn.?t|is out of|out) (?:\w+ )?(?:supported|compatible|date)|(?:upgrade
        |update) your (?:web )?browser
        """),
        Verdict.BOT_WALL,
        "the host wants another browser",
    ),
    Kind(
        _alternatives(r"""
        access (?:\w+ )?(?:denied|forbidden|restricted|blocked)|forbidden$|unauthori[sz]ed|not authori[sz]ed
        |(?:unavailable|withheld|blocked) (?:for|due to) legal|geo-?blocked|locked$|permission denied|(?:no
        |not have) permission|not allowed|blocked$|(?:not|un) ?available in your (?:country|region|location
        |area)|zugriff verweigert|accès refusé|acceso denegado|доступ (?:запрещ[её]н|ограничен)|waiting room
        |(?:in (?:the |a )?|virtual )(?:queue|line)\b|(?:high|heavy|unusual) (?:traffic|demand|volume)
        """),
        Verdict.BOT_WALL,
        "the host does not let us in",
    ),
    Kind(
        _alternatives(r"""
        (?:log|sign) ?in (?:required|to (?:your account|continue|view|read|access|see))|(?:login
        |registration) required|(?:must|need to|have to|please) (?:be logged|log|sign)[ -]?in\b
        |session (?:has )?(?:expired|timed out|ended)|(?:membership|subscription|authentication) required
        """),
        Verdict.PAYWALL,
        "the host asks for a login",
    ),
    Kind(
        _alternatives(r"""
        <THING> <IS> <NOW>(?:permanently )?(?:moved|relocated|migrated|renamed|redirect)|(?:<THING>|project
        |permanently) (?:moved|relocated|migrated|relocation)\b|new (?:address|home|location) (?:for|of)
        |moved (?:permanently|temporarily|to (?:a|our|its|the) new)|we.?(?: ha)?ve moved\b|we moved\b
        |redirecting|(?:being|be) redirected|(?:new|different) (?:address|home|location)$|(?:seite
        |website) (?:ist )?umgezogen|a (?:été déplacée?|déménagé)|se ha (?:movido|trasladado)
        """),
        Verdict.SOFT_404,
        "it says that the page has moved",
    ),
    Kind(
        _alternatives(r"""
        back (?:\w+ )?(?:soon|shortly|online|later|up|in a|again|before)|(?:be|are|come) (?:right )?back\b
        |under(?:going)? (?:\w+ )?(?:maintenance|construction)|(?:scheduled|planned|routine|down for
        |emergency|essential|site|website|system|server|database|for) maintenance|maintenance (?:mode|break
        |window|page|in progress|underway|work)|^maintenance$|(?:temporarily|currently|briefly
        |momentarily) (?:\w+ )?(?:unavailable|down|offline|closed|disabled|out of)|(?:<THING>|we
        |it) <IS> <NOW>(?:unavailable|not available|offline|down|closed|disabled|out of (?:service|order))
        |(?:service|network|power|system) (?:interruption|outage|disruption)|outage$|taking too long|(?:down
        |closed) for \w+|downtime|out of order|overload|(?:brief|short) (?:pause|break)
        |gleich (?:wieder )?zurück|^offline$|(?:update|upgrade|migration|repair
        |work)s? (?:\w+ )?(?:in progress|under ?way)|hold on$|coming soon|technical (?:difficult|problem
        |issue)|(?:hang|sit) tight|taking a (?:\w+ )?(?:break|nap)|be patient|wartungs(?:arbeiten|modus)
        |wegen wartung|in wartung|gleich (?:wieder )?(?:zurück|da)|en maintenance|maintenance en cours
        |en mantenimiento|em manutenção|in manutenzione|onderhoud|технические работы|на обслуживании|系统维护
        |系統維護|维护中|維護中|メンテナンス
        """),
        Verdict.SOFT_404,
        "it says that the host is out of order for now",
    ),
    Kind(
        _alternatives(r"""
        (?:something|things?|it|that) (?:\w+ )?(?:went|gone|goes|go|is|broke) (?:\w+ )?(?:wrong|broken
        |badly)?\b(?<=wrong|roken|broke)|errors? (?:\w+ )?(?:occurred|happened|encountered)
        |encountered an? (?:\w+ )?(?:error|problem)|(?:internal|server|application|unexpected|fatal|database
        |runtime|critical|gateway|proxy|system|unknown|script|connection|loading|http
        |temporary) (?:server )?error|error (?:\w+ )?(?:establishing|processing|loading|connecting
        |displaying|retrieving|\d{3}|page)|^error\W*(?:\d{3,4})?$|service (?:temporarily )?unavailable
        |bad (?:gateway|request)|gateway time ?-?out|backend fetch failed|(?:request|connection|page
        |server) (?:\w+ )?(?:timed? ?out|failed)|(?:whoops|oops|uh[- ]oh|oh no|yikes|ouch)\b|(?:having|have
        |had|experiencing|been|was|is|are) (?:an? |some )?(?:\w+ )?(?:problems?|trouble|issues?|difficult)
        |(?:unable to|can ?not|can.?t|could ?n.?t|could not|failed to) (?:\w+ ){0,3}(?:load|process|complete
        |display|connect|open|reach|handle|retrieve|show|serve|fulfil|respond|find|access)|too many requests
        |rate limit(?:ed)?\b|(?:limit|quota|bandwidth|resource) (?:\w+ )?(?:exceeded|reached)
        |(?:ein |interner )?(?:server)?fehler|une erreur|algo salió mal|ha ocurrido un error|errore
        |erro inesperado|ошибка|发生错误|出错了|服务器错误|エラー|오류
        """),
        Verdict.SOFT_404,
        "it says that something failed",
    ),
    Kind(
        _alternatives(r"""
        (?:<THING>|it|that) (?:\w+ ){0,6}\w*(?:not|n.?t) (?:\w+ )?(?:found|exist|here|available|located)
        |^4\d\d\b|permanently (?:removed|deleted|closed)|(?:not|nothing) found|not here\b
        |no longer (?:available|exists?|here|active|online|supported|published)
        |<THING> (?:\w+ ){0,3}<IS> <NOW>(?:removed|deleted|gone|withdrawn|archived|expired|suspended|retired
        |taken down|discontinued|unpublished|missing|private|shut ?down)|<THING> (?:removed|deleted|gone
        |suspended|expired|missing|unpublished)|(?:missing|broken|dead) (?:page|link)|(?:does|do
        |did) ?(?:not|n.?t) exist|page introuvable|nicht (?:mehr )?(?:gefunden|verfügbar|vorhanden)
        |(?:página|pagina) n(?:o|ão|on) (?:encontrada|trovata|existe|disponible)|niet gevonden|не найден
        |не существует|页面不存在|找不到|不存在|見つかりません|존재하지|찾을 수 없
        """),
        Verdict.SOFT_404,
        "it says that the page is not there",
    ),
    Kind(
        _alternatives(r"""
        (?:domain|\w+\.[a-z]{2,})(?: name)?(?: \w+)? (?:for sale|parked|expired|available)|(?:buy|own
        |purchase) this domain|welcome to (?:nginx|openresty|caddy|apache)|(?:apache\d?|default|test
        |placeholder) (?:\w+ ){0,4}page|^it works$|parked|index of$|iis windows server
        |successfully (?:installed|deployed)|site (?:is )?(?:ready|set up)
        """),
        Verdict.SOFT_404,
        "it is the page of a host without content",
    ),
)
"""What a head says; the first kind that fits names the reason."""

_WORDS = """
a about absent accept access accessible account active address again all allow allowed also am an and
another any anymore apache apologies apologise apologize app application are article as at available away
back backend bad badly bandwidth be because been before being blocked blog board break briefly broke broken
browser but buy by caddy can cannot carry centos closed coming compatible complete completed connect
connecting connection construction content continue cookie cookies could country critical currently d das
database date de dead debian default deleted demand denied deployed der die diese difficulties disabled
display displayed displaying disruption do document does doing domain don down due désolé désolés el
emergency en enable enabled encountered ended entry erreur error errors essential est establishing está
exceeded exist exists experiencing expired failed failure fatal fetch few file find fixing for forbidden
forum found from gateway gefunden general getting go goes gone had handle hang happened has have having
heavy here high hmm hold home hosting http https i if iis important in incompatible index installed
internal interruption invalid is isn issue issues ist it it's item its just la late later le left legal
leider les like limit line link listing ll lo load loading location log logged login long longer looking
looks lost m made maintenance mantenimiento may message might minute minutes missing mode moment
momentarily moments moved moving must my name nap necessary need needed new nginx nicht no not nothing
notice nous now nowhere object of off offline oh old on one online only oops open openresty operation or
order ouch our out outage outdated over page pages pagina parked patience patient performing permanently
permission placeholder planned platform please portal post power private problem problems process
processed processing product profile progress proxy published página queue quota rate re reach reached
read ready reasons redirect redirected redirecting region registration relocated relocation removed
renamed repository request requested requests required requires resource resources restricted retired
retrieve right routine runtime s sale scheduled script scroll see seems seite sentimos server server's
service services session set shop short shortly show sind site sites sitio snap some something sommes soon
sorry stopped store story subscription successfully supported survenue suspended system t taking technical
temporarily temporary test than that the then there thing things this tight time timed timeout to today
too traffic trouble try trying turn turned ubuntu uh una unable unauthorized unavailable under undergoing
underway une unexpected unknown unpublished unsupported until up update updated updates upgrade upgrading
url us use used user users using valid ve view visit waiting want wartungsarbeiten was way we web webpage
website wegen welcome well went were what whoops wiki will window windows wir with without work working
works wrong yet yikes you your
"""
WORDS = frozenset(re.findall(r"\S+", _WORDS))
"""Words that the heads of notices are made of."""

ITSELF = _alternatives(r"""
    this (?:page|(?:web)?site|address|copy|shop|store|forum|blog|area|server|platform|message|domain|story
    |wiki)\b|your browser|our (?:web|old |new )?(?:pages?|(?:web)?site|servers?|shop|systems?|services?
    |network|database|platform)\b|the (?:web)?(?:page|site|server|forum|catalogue|shop
    |service) (?:that )?(?:you|is|was|did|has|will|could|opens|used)\b|(?:page|site) you (?:are|were|asked
    |wanted|requested)|diese seite|die (?:\w+ ){0,4}seite|unsere[nr]? (?:seite|server|website)|notre (?:site
    |serveur)|cette page|la página|nuestro sitio|il sito|данная страница|该页面|このページ|ただいま
    """)
"""A page that speaks of itself."""
EVIDENCE = (
    ITSELF,
    _alternatives(r"""
        sorry\b|apolog|inconvenience|bear(?:ing)? with us|patience|for (?:your )?understanding|regret\b
        |unfortunately|entschuldig|verständnis|geduld|leider|désolé|lo sentimos|disculpe|извин|сожалени|抱歉
        |申し訳
        """),
    _alternatives(r"""
        (?:try|check|come|visit|call|load|open\w*) (?:\w+ ){0,2}(?:again|back|later|once more)|(?:refresh
        |reload)(?:ing)?\b|(?:few|couple of|some|ten|five|\d+) (?:minutes|moments|hours)|please wait
        |see you soon|stay tuned|(?:back|online|available|return|up|open|see you) (?:\w+ )?(?:again|soon
        |shortly|later|on|by|at) |try (?:again|once more)|(?:später|noch einmal|in kürze|plus tard|réessay
        |quelques instants|más tarde|intent\w+|unos minutos|riprov\w+)|(?:tente novamente|mais tarde|probeer
        |later opnieuw|попробуйте|позже)|稍后|重试|しばらく|再度
        """),
    _alternatives(r"""
        (?:we|we.re|team|engineers|staff|technicians|administrators?) (?:\w+ ){0,3}(?:working|investigating
        |fixing|looking into|performing|updating|upgrading|improving|notified|aware|told|alerted)
        |maintenance|upgrade (?:began|will|is)|repairs?\b|(?:being|been) (?:updated|upgraded|repaired|fixed
        |worked|replaced|renewed|rebuilt|cleaned|improved|told|notified|informed)|expected to (?:last|be)
        |expect to be|work on (?:the|our)|arbeiten|wartung
        """),
    _alternatives(r"""
        contact (?:us|the|our|your|support|site|customer|me)|(?:e-?mail|call) us|support (?:team|id)
        |help ?desk|webmaster|administrator|(?:problem|issue|error) persists|let us know|(?:write|tell
        |ask) (?:to )?(?:us|our|your|the (?:web|site|support))|póngase en contacto|kontaktieren|contacte[rz]
        """),
    _alternatives(r"""
        (?:return|go|going|head|navigate|take you|back
        |start) (?:back )?(?:to |at )?(?:the |our |my )?(?:home|main|front|previous|start)|home ?page|(?:use
        |try) (?:the |our |a )?(?:search|menu|navigation)|check (?:the |your )?(?:url|address|spelling)
        |startseite|page d.accueil|página (?:principal|de inicio)|главную|返回首页|トップページ
        """),
    _alternatives(r"""
        (?:error|reference|request|incident|ray|event|trace|transaction|support) ?(?:id|code|number|no\.?|#
        |\d)|(?:error|status|http):? \d{3}|stack ?trace|guru meditation|xid:
        """),
    _alternatives(r"""
        (?:unable|failed|could ?n.?t|could not|did ?n.?t|did not|can ?not|can.?t
        |cannot) (?:\w+ ){0,3}(?:load|process|complete|finish|find|display|connect|open|reach|handle|retriev
        |fulfil|respond|serve|locat|put together)|(?:unexpected|internal|server|unknown) (?:\w+ )?(?:error
        |problem|condition)|went wrong|overload|(?:high|heavy) (?:traffic|load)|ran into a
        |something (?:\w+ ){0,4}broke|very busy|not (?:found|available)|timed out|(?:was|were) lost
        |konnte (?:\w+ ){0,4}nicht|n.a pas pu|no hemos podido|no se (?:pudo|puede)
        """),
    _alternatives(r"""
        (?:update|change|adjust) (?:your |any |the )?(?:bookmarks?|links?|favou?rites)|redirect(?:ed|ing)
        |(?:click|tap|follow) (?:here|the link|this|below)|use the link|new (?:address|location|home|url
        |site|website|domain|place)|(?:has|have|been|was) (?:moved|migrated|rearranged)
        |can (?:now )?be found|(?:now )?(?:located|lives?) at|take you there|verschoben|umgezogen|déplacée?
        """),
    _alternatives(r"""
        (?:enabl|allow|accept|activat|turn on|clear|delet|requir|us|need|refus
        |block)\w* (?:\w+ ){0,2}(?:cookies|them)\b|cookies (?:\w+ ){0,3}(?:enabled|disabled|required
        |activated|accepted)|browser(?:.s)? settings|private (?:browsing|mode)|(?:supported|modern|different
        |another|recent|version of your|current version of) (?:browser|firefox|chrome)
        """),
    _alternatives(r"""
        no longer (?:available|exists?|active|here|online|support\w*|maintained)|(?:has|have|was|were|been
        |be) (?:\w+ )?(?:removed|deleted|withdrawn|renamed|expired|taken (?:down|away)|suspended
        |discontinued|disabled)|take (?:\w+ ){1,3}down|(?:does|do|did|may) ?(?:not|n.?t) (?:\w+ )?exist
        |mistyped|outdated link|old links|broken link|gelöscht|supprimée?|eliminada|удалена|не существует|删除
        |移動
        """),
    _alternatives(r"""
        domain (?:name|broker|expert)|make an offer|web ?server|hosting|control panel|if you.?(?: a
        |.)re (?:the|a|an) (?:\w+ ){0,2}(?:owner|visitor)
        """),
    _alternatives(r"""
        (?:log|sign) ?in\b|password|subscrib|your account|permission|authori[sz]ed|registered|banned|blocked
        |staff only|is (?:currently )?private|security (?:rules|service|solution|reasons)
        |number \d[\d,.]* in|in the queue|your turn|wait time
        """),
)
"""What notices say beyond their head: an apology, a promise, advice, a number. Each counts once."""

ADDRESSES = _alternatives(r"""
    we\b|we.re\b|our\b|us\b|you\b|your\b|please\b|wir\b|sie\b|nous\b|vous\b
    """)
DEFINES = _alternatives(r"""
    occurs? when|(?:is|are) (?:an? |the )?(?:\w+ )?(?:http|status|response|kind|type|term|practice
    |technique)|refers to|for example|in this (?:article|post|guide|tutorial|chapter)|how to
    """)
"""Prose about a thing, as in a glossary."""
