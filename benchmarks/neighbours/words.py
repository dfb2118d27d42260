"""What the neighbours of the fourth act say: to all their friends, to some, to themselves, and to the whole lane."""

from benchmarks.neighbours.hooks import HEARSAY

ROOF = "屋顶的瓦换好了，下雨不用摆盆了。"
SOUP = "排骨汤炖多了，就叫你们两个，别声张。"
CHESS = "周六下午槐树底下，老规矩，输的请喝茶。"
CAKE = "给她过生日，蛋糕先藏我家，谁也别说漏嘴。"
DIARY = "今天话说重了。明天去赔个不是。"
CAT = "猫又跑了，谁看见它往哪边去了？"
JOB = "下个月换工作，同事还不知道，先跟街坊说一声。"
RENT = "房租涨了两百，愁。"
PHOTO = "搬柜子翻出一张老照片，二十年前的胡同口。"
FEAST = "十月十八，家里摆两桌，都来。"
KEY = "钥匙放在老地方，你们谁先到谁开门。"
GOSSIP = "谁家半夜还在剁馅儿？香得睡不着。"

NIGHT = "夜里起风了，把窗户关好。"
QUIET = "有些话就不跟所有人说了。"
APART = "一个人也挺好。"

BLOSSOM = "槐花开了，胡同口那棵，谁都能来摘。"
WATER = f"{HEARSAY}明天九点到十一点停水，都接上两桶。"
UMBRELLA = "路过，在槐树底下捡到一把蓝伞，挂在树上了。"
SENTENCE = "这话说得对，我也这么想。"  # Said under a moment, and under a post.
FROM_AFAR = "我住城南，能去摘两枝吗？"
WELCOME = "来吧，带个篮子。"
QUESTION = "糖是起锅前放，还是跟盐一起？"
ANSWER = "起锅前，半勺。"
THANKS = "多谢，差点就忘了。"
LATE = "现在还停着吗？"

CHESS_TAG, WORK_TAG = "棋友", "同事"
