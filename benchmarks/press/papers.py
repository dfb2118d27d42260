"""The accounts of the third act and what they publish: invented news of an invented town, and recipes that work."""

from dataclasses import dataclass

from client.manuscripts import parse
from protocol.account_states import AccountType
from protocol.accounts import Application, Qualification
from protocol.publications import AutoReply, Content, MenuEntry, MenuItem

NEWS = "current_affairs"  # The category that needs a right, in the pack `cn-2014`.
RECIPES, FLOWERS = "菜谱", "花草"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A public account: what it is applied for with, and its profile. `key`: what it goes by in this act."""

    key: str
    owner: str
    application: Application
    about: str
    tags: tuple[str, ...] = ()

    @property
    def profile(self) -> Content:
        """What it says about itself."""
        return Content(title=self.application.name, text=self.about, tags=self.tags, lang="zh")


DAILY = Paper(
    key="daily",
    owner="editor_lin",
    application=Application(
        type=AccountType.SUBSCRIPTION,
        body="news_organisation",
        subject="云河日报社",
        name="云河日报",
        category="news",
        scope="云河市的时政与民生新闻，每日一期。",
        operator="林舟，总编室，电话见附件",
        qualifications=(
            Qualification(kind="互联网新闻信息服务许可证", number="YH-2014-0007", issuer="云河市互联网信息办公室"),
        ),
    ),
    about="云河日报的公众账号：每天一期，说云河的事。",
)
DIGEST = Paper(
    key="digest",
    owner="reader_su",
    application=Application(
        type=AccountType.SERVICE,
        body="licensed_organisation",
        subject="渡口信息科技有限公司",
        name="渡口文摘",
        category="news",
        scope="转载各家新闻，发布渡口与轮渡的服务信息。",
        operator="苏雯",
        qualifications=(
            Qualification(kind="互联网新闻信息服务许可证", number="YH-2014-0023", issuer="云河市互联网信息办公室"),
        ),
    ),
    about="替您读报，也替您看船。",
)
GARDEN = Paper(
    key="garden",
    owner="old_zhou",
    application=Application(
        type=AccountType.SERVICE,
        body="person",
        subject="周广田",
        name="老周的小院",
        category="life",
        scope="家常菜谱，阳台上的花草，青石镇的街坊事。",
        operator="周广田本人",
    ),
    about="一口锅，一院花。写信来问，看到就回。",
    tags=(RECIPES, FLOWERS),
)
PAPERS = (GARDEN, DAILY, DIGEST)  # As they are applied for: the one with the longest time comes first.
MISLEADING = "云河日报之友"  # What the garden wanted to be called at first.

BRIDGE = parse("""\
# 云河第二座跨江大桥今天开工

summary: 全长两千一百米，预计三年后通车
author: 本报记者 林舟
category: current_affairs
lang: zh

云河市人民政府今天上午在北渡口举行新闻发布会，宣布第二座跨江大桥开工。大桥全长两千一百米，双向六车道，两侧各留三米给走路和骑车的人。

市长说，桥要建，渡口也要留：坐了八十年的船，不能说停就停。

## 施工期间怎么走

北渡口照常开船，早班提前到五点半。南岸的三路、七路公共汽车改走滨江路。

## 公告全文

[市政府公告](https://yunhe.example/bridge)
""")
EVENING = parse("""\
# 晚间号外：开工仪式上的锣鼓队

summary: 最小的鼓手七岁
author: 本报记者 何平
category: culture
lang: zh

仪式结束以后，青石镇的锣鼓队又敲了半个小时，谁也舍不得走。
""")
HEARING = parse("""\
# 我去听了渡口条例的听证会

summary: 坐在最后一排记下来的
author: 老周
category: life
lang: zh

据悉，青石镇人民政府昨天下午举行听证会，审议《渡口管理条例（草案）》。副镇长当选以来头一回坐在台下，市议会来了两位议员，选民代表有十一位。

我举了手，说早班船最好再早十分钟，卖菜的赶得上。记者会上，发言人说会考虑。
""")
TOMATO = parse("""\
# 西红柿炒鸡蛋，先放哪一个

summary: 先炒蛋，盛出来，再炒西红柿
author: 老周
category: life
lang: zh

鸡蛋三个打散，加一点盐和一勺水。油热下锅，刚凝固就盛出来。

## 西红柿

切块，小火炒到出汁，蛋回锅，翻两下。糖放不放都行，我放半勺。
""")
LOTUS = parse("""\
# 清炒藕带

summary: 火要大，手要快
author: 老周
category: life
lang: zh

藕带斜切，过一遍凉水。大火，花椒炸香捞掉，下藕带，数到四十就出锅，临走淋一勺醋。
""")
TOFU = parse("""\
# 小葱拌豆腐

summary: 一清二白
author: 老周
category: life
lang: zh

嫩豆腐开水烫过，沥干。小葱切细，盐，香油。没有了。
""")
ASTERS = parse("""\
# 秋天的阳台种什么

summary: 紫菀、三色堇，还有一盆蒜苗
author: 老周
category: life
lang: zh

紫菀怕涝，盆底多放碎瓦。三色堇现在下种，过年正好开。蒜苗不用人管。
""")
FERRY = parse("""\
# 明早六点起，三号渡口改线

summary: 上船请走东侧栈桥
author: 渡口文摘
category: public_service
lang: zh

因大桥施工，三号渡口自明早六点起停靠东侧栈桥，班次不变。推自行车的乘客请走坡道。
""")

WELCOME = Content(text="来了就是邻居。想找菜谱就写菜名，想找人就直接说话。", lang="zh")
MENU = Content(
    menu=(
        MenuEntry(
            label="吃的",
            items=(
                MenuItem(label="炒鸡蛋", text="先炒蛋，盛出来，再炒西红柿。"),
                MenuItem(label="拌豆腐", text="嫩豆腐开水烫过，小葱切细。"),
            ),
        ),
        MenuEntry(label="花的", text="秋天种紫菀。"),
        MenuEntry(label="镇上", link="https://qingshi.example/"),
    ),
    lang="zh",
)
REPLIES = Content(
    replies=(
        AutoReply(keywords=("西红柿", "番茄"), text="西红柿炒鸡蛋：先炒蛋，盛出来，再炒西红柿。糖放不放都行。"),
        AutoReply(keywords=("花", "阳台"), text="秋天种紫菀，盆底多放碎瓦。"),
    ),
    lang="zh",
)
